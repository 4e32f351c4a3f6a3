# Masthead. `make up` runs it, `make test` proves it, `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes --no-build-isolation

.DEFAULT_GOAL := help
.PHONY: help up down test check format lint types contracts unit integration e2e bench storm clean

help: ## Lists what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/run ## Sets up and runs everything: pages and feeds, API, workers
	@exec $(BIN)/masthead up

down: ## Stops what `make up` started, from another terminal
	@if [ -x $(BIN)/masthead ]; then $(BIN)/masthead down; else echo "Nothing is set up here."; fi

$(VENV)/python: requirements/build.txt requirements/python-check
	@$(PYTHON) requirements/python-check
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements/build.txt
	@touch $@

$(VENV)/run: $(VENV)/python requirements/run.txt pyproject.toml
	@echo "Setting up $(VENV) (once, about a minute)"
	@$(PIP) -r requirements/run.txt
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements/all.txt
	@echo "Setting up what the tests need (once)"
	@$(PIP) -r requirements/all.txt
	@touch $@

test: $(VENV)/dev ## Sets up and passes all tests
	@$(MAKE) --no-print-directory lint types contracts
	@$(BIN)/pytest tests/unit tests/contract tests/integration tests/e2e

check: $(VENV)/dev ## Format, lint, types, contracts and the fast tests; under a minute
	@$(MAKE) --no-print-directory lint types contracts unit

format: $(VENV)/dev ## Formats the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: $(VENV)/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/dev
	@$(BIN)/mypy

contracts: $(VENV)/dev
	@$(BIN)/lint-imports

unit: $(VENV)/dev
	@$(BIN)/pytest --quiet tests/unit

clean: ## Removes the virtual environment and caches; keeps var/
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
