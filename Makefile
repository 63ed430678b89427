# Each target sets itself up: the first run makes .venv from the lock, with uv where there is one, else with venv and pip.
#   make demo            promote a release through a sandbox on this machine, step by step (DEMO=auto: without questions;
#                        DEMO=rollback: staging degrades, is rolled back, and the bad release stays out;
#                        DEMO=branches: a commit travels through a branch per environment)
#   make test            every test; ARGS="-k soak" narrows
#   make check           lint, format, types, layers
#   make bench           the benchmark
#   make lock            choose newer versions and write both locks (needs uv)

PYTHON ?= python3
DEMO ?=
ARGS ?=
PROCESSES ?= $(shell nproc 2>/dev/null || echo 2)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench lock

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

demo: $(READY)
	$(BIN)/python -m bot demo $(filter rollback branches,$(DEMO)) $(if $(filter auto branches,$(DEMO)),--auto)

test: $(READY)
	$(BIN)/pytest -n $(PROCESSES) --dist worksteal $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m tests.bench

# The checkout itself is installed editable, by the build backend that the lock brought: nothing unpinned is fetched.
$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Caisson needs Python 3.11 or newer: make PYTHON=python3.11 …")'
ifneq ($(UV),)
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

COMPILE := uv pip compile --no-config --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

lock:
	$(COMPILE) pyproject.toml --extra keyless -o requirements.lock
	$(COMPILE) pyproject.toml --extra demo --extra dev --extra keyless -c requirements.lock -o requirements-dev.lock
