# Thin on purpose: each target is one command that can as well be typed by hand.
# Needs Python >= 3.11 (with venv and pip) and make; everything else comes into .venv.

PYTHON ?= python3
VENV   := .venv
MINUTES  ?= 10
SEED     ?= 1
DATABASE ?= sqlite
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SOURCES := reconcile graph_adapter x3_adapter worker infra tests

.DEFAULT_GOAL := help
.PHONY: help setup demo test soak safeguards thorough check lint format types layers rules fmt clean

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{printf "%-14s %s\n", $$1, $$2}'
	@echo "  Variables: PYTHON=python3.12 · ONCE=1 (demo) · ARGS='-k words' (test) · MINUTES=10 SEED=1 DATABASE=postgresql (soak)"

setup: $(STAMP) ## the virtual environment in .venv, with .venv/bin/x3sync

# Redone only when what it installs changes; the stamp is written last, so an interrupted set-up starts again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "x3sync needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: setup ## emulators, worker, console and the story; ONCE=1 ends after the story
	$(BIN)/python -m infra.demo $(if $(filter-out 0,$(ONCE)),--once)

# One worker per core, at most two: the tests start real servers. Each takes half of them in order, for a module's tests share
# servers, and helps the other out at the end.
test: setup ## all tests, against real servers; ARGS is handed to pytest
	$(BIN)/python -m pytest -n auto --maxprocesses 2 --dist worksteal $(ARGS)

# What is taken away on purpose must be found before what is not found means anything.
soak: setup ## random histories with faults for MINUTES=n (10); SEED=s begins elsewhere, DATABASE=postgresql
	$(BIN)/python -m tests.soak --minutes $(MINUTES) --seed $(SEED) --workers 25 --database $(DATABASE)

safeguards: setup ## takes the lease, markers, S8's proof, C1 away in turn: the histories must fail for want of it
	$(BIN)/python -m tests.soak.safeguards

thorough: setup ## each kind of request of a pass failing in each way, an hour
	$(BIN)/python -m pytest -n auto --maxprocesses 2 --dist worksteal -m long $(ARGS)

check: setup ## lint, format, types, the direction of imports and the table of rules, under a minute
	@$(MAKE) --no-print-directory -j5 -k --output-sync=target lint format types layers rules

lint: setup
	$(BIN)/ruff check --output-format concise .

format: setup
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

rules: setup
	$(BIN)/python -m tests.docs.rules --check

fmt: setup ## format the sources and mend what ruff can mend
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

clean: ## remove .venv, var and every cache
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
