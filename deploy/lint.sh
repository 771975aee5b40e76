#!/bin/sh
# Every check that reads the tree and runs nothing of it. Stops at the first that fails.
set -eu
step() { printf '%s\n' "lint: $*"; "$@"; }
step ruff check --quiet .
step ruff format --check --quiet .
step mypy
step lint-imports
if command -v shellcheck >/dev/null; then step shellcheck deploy/*.sh .ci/run; fi
step hadolint Dockerfile.proxy Dockerfile.llama
step check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml deploy/compose.*.yml
step check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml examples/github-actions/openai-simulator.yml
step zizmor --offline --quiet .github/workflows examples/github-actions/openai-simulator.yml
