#!/bin/sh
# Rewrite the locks of the clients that are tested: tests/contract/clients/*.txt from *.in, and Node's from package.json.
set -eu
cd tests/contract/clients
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  "$PYTHON" -m pip install --quiet --disable-pip-version-check uv
  uv=$(dirname "$PYTHON")/uv
fi
for group in *.in; do
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --upgrade --output-file "${group%.in}.txt" "$group"
  echo "tests/contract/clients/${group%.in}.txt"
done
# Without the addresses of packages, so that npm takes the registry it is configured for.
npm install --prefix node --package-lock-only --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
