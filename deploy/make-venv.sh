#!/bin/sh
# Make a virtual environment with the first Python >= 3.11 that is found: $PYTHON, python3.14 ... python3.11, python3.
# A name on PATH may be a shim of a version manager that does not run, so every candidate is tried, not only looked up.
set -eu
venv=$1
for python in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
      echo "error: $python has no venv module; install it (Debian, Ubuntu: apt install python3-venv) or set PYTHON=" >&2
      exit 2
    fi
    echo "Making $venv with $("$python" --version)"
    rm -rf "$venv"
    exec "$python" -m venv "$venv"
  fi
  if [ "$python" = "${PYTHON:-}" ]; then
    echo "error: PYTHON=$python is not a Python >= 3.11 that runs here" >&2
    exit 2
  fi
done
echo "error: no Python >= 3.11 was found; install one, or name it: make PYTHON=/path/to/python3 ..." >&2
exit 2
