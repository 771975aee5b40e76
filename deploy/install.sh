#!/bin/sh
# Install one set of locked packages (hashes checked) with uv where it is there, else with pip.
set -eu
python=$1 lock=$2
echo "Installing $lock (once)"
if command -v uv >/dev/null 2>&1; then
  UV_PYTHON_DOWNLOADS=never exec uv pip install --quiet --python "$python" --require-hashes --requirement "$lock"
fi
exec "$python" -m pip install --quiet --disable-pip-version-check --no-input \
  --only-binary :all: --require-hashes --requirement "$lock"
