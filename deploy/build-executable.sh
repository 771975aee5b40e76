#!/bin/sh
# Make ./openai-api-simulator-nanochat: one executable file that holds the three services, their locked packages and pip.
# It runs where it was built for: this system and this minor version of Python. Unpacked once, at its first start, into
# a virtual environment of its own, so that the launcher can start its children with that environment's Python.
set -eu
python=${PYTHON:-python3}
file=${1:-openai-api-simulator-nanochat}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The sources alone, without what runs and tests left beside them.
mkdir "$work/sources"
tar -cf - --exclude __pycache__ proxy fetcher launcher | tar -xf - -C "$work/sources"
PEX_ROOT="$work/root" "$python" -m pex \
  --requirement requirements/native.txt --requirement deploy/executable.txt --no-build --use-pip-config \
  --sources-directory "$work/sources" --entry-point launcher.cli:run \
  --venv prepend --sh-boot --no-emit-warnings --python-shebang "/usr/bin/env python$version" \
  --output-file "$file"
echo "$file: $(du -h "$file" | cut -f1), needs Python $version. It takes the flags of \`launcher up\`, and doctor."
