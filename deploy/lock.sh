#!/bin/sh
# Rewrite requirements/*.txt: one universal lock (all platforms, Python >= 3.11, hashes) for each dependency group.
# `dev` holds everything, and is the constraint of the others: one version of a package in the whole project.
set -eu
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  "$PYTHON" -m pip install --quiet --disable-pip-version-check uv
  uv=$(dirname "$PYTHON")/uv
fi
for group in dev test native proxy fetcher launcher; do
  constraint=
  [ "$group" = dev ] || constraint="--constraint requirements/dev.txt"
  # shellcheck disable=SC2086  # an empty constraint must vanish
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    ${UPGRADE:+--upgrade} $constraint --group "$group" --output-file "requirements/$group.txt"
  echo "requirements/$group.txt"
done
