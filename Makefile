# Masthead. `make up` runs it, `make test` proves it, `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVERS := .networks
# Tests run side by side, a file at a time and the longest files first. They wait for servers longer than they compute,
# so there are more of them at a time than a small machine has cores. The storms, one on each database, are by
# themselves: they judge how soon a whole installation is steady again.
AT_ONCE := --numprocesses=4 --dist=loadfile --no-loadscope-reorder --quiet
STORM := tests/e2e/test_storm.py

.DEFAULT_GOAL := help
.PHONY: help up down test test-networks check format lint types contracts unit integration e2e bench storm sabotage clean

help: ## Lists what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/run ## Sets up and runs everything: pages and feeds, API, workers
	@exec $(BIN)/python -m services.cli up

down: ## Stops what `make up` started, from another terminal
	@if [ -e $(VENV)/run ]; then $(BIN)/python -m services.cli down; else echo "Nothing is set up here."; fi

$(VENV)/python: requirements/build.txt requirements/python-check requirements/install
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. Try: make up PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) requirements/python-check
	@echo "Setting up $(VENV) (once, about a minute)"
	@$(BIN)/python -c "" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@requirements/install build.txt
	@touch $@

$(VENV)/run: $(VENV)/python requirements/run.txt pyproject.toml
	@requirements/install run.txt
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements/all.txt
	@echo "Setting up what the tests need (once)"
	@requirements/install all.txt
	@touch $@

test: $(VENV)/dev ## Sets up and passes all tests
	@$(MAKE) --no-print-directory lint types contracts
	@$(BIN)/pytest $(AT_ONCE) tests/unit tests/contract
	@$(BIN)/pytest $(AT_ONCE) -m "not thorough" tests/e2e tests/integration --ignore=$(STORM)
	@$(BIN)/pytest --numprocesses=2 --quiet $(STORM)

storm: $(VENV)/dev ## The crash campaign with SEEDS=n fresh seeds, or with SEED=n once more
	@STORM_SEEDS=$(or $(SEEDS),5) STORM_SEED=$(SEED) $(BIN)/pytest $(STORM)

sabotage: $(VENV)/dev ## Shows that the campaign turns red for every sabotage, and only then
	@$(BIN)/pytest tests/e2e/test_sabotage.py

$(SERVERS)/ready: $(VENV)/dev requirements/networks.txt $(wildcard requirements/networks/*)
	@echo "Setting up real servers of Bluesky and Matrix in $(SERVERS) (once, some minutes and 800 MB)"
	@requirements/networks/install
	@touch $@

test-networks: $(SERVERS)/ready ## Tests the networks' modules against real servers of Bluesky and Matrix
	@$(BIN)/pytest tests/networks_real

check: $(VENV)/dev ## Format, lint, types, contracts and the fast tests; under a minute
	@$(MAKE) --no-print-directory lint types contracts unit

format: $(VENV)/dev ## Formats the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lint: $(VENV)/dev ## Looks for what ruff knows to be wrong
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/dev ## Checks types
	@$(BIN)/mypy

contracts: $(VENV)/dev ## Checks who may import whom
	@$(BIN)/lint-imports

unit: $(VENV)/dev ## The fast tests
	@$(BIN)/pytest $(AT_ONCE) tests/unit

integration: $(VENV)/dev ## The tests on real databases and servers
	@$(BIN)/pytest $(AT_ONCE) tests/integration

e2e: $(VENV)/dev ## The tests of the whole system
	@$(BIN)/pytest -m "not thorough" tests/e2e

clean: ## Removes the virtual environment and caches; keeps var/
	@rm -rf $(VENV) $(SERVERS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
