# Every target sets up what it needs by itself: a fresh clone and `make demo` or `make test` are enough.
# What takes more than a few lines of shell lives in scripts/, one idea to a file.

SHELL := /bin/bash

# The interpreter .venv is made from, e.g. `make PYTHON=python3.12 venv`.
export PYTHON ?=

# Handed on to pytest, e.g. `make test PYTEST_ARGS="-k journal -x"`.
PYTEST_ARGS ?= --numprocesses auto --dist loadfile

# What `make bench` measures, and beside whom; BENCH_ARGS="--quick" tries everything at tiny sizes.
ONLY ?=
PEERS ?=
BENCH_ARGS ?=

BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help venv ui ui-dev browser demo test test-all check format bench screenshots clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

# --- Setting up -----------------------------------------------------------------------------------------------

# Stamps, so that an unchanged pyproject.toml means nothing to do. The second needs the first also for order:
# two installs into one environment at the same time (`make -j`) would spoil it.
.venv/.installed-demo: pyproject.toml
	@scripts/make_venv.sh demo
	@touch $@

.venv/.installed-dev: .venv/.installed-demo
	@scripts/make_venv.sh dev
	@touch $@

venv: .venv/.installed-dev  ## Make .venv with everything for work on Trackrecord

# May install Node into .venv, so it waits for whichever of the two installs is the last one in this call of make.
ui: .venv/.installed-demo $(if $(filter-out ui demo,$(MAKECMDGOALS)),.venv/.installed-dev)  ## Build the page (with Node from PyPI where the machine has none)
	@$(BIN)/python scripts/ui_build.py build

# After `ui`, because two npm installs into one folder at the same time would spoil it.
ui-dev: .venv/.installed-dev ui
	@$(BIN)/python scripts/ui_build.py install

browser:  ## Find or install the Chromium for the browser tests
	@scripts/find_browser.sh --install || true

# --- Using ----------------------------------------------------------------------------------------------------

demo: ui  ## Train real models, record them, compare them in the terminal and on the page
	@$(BIN)/trackrecord demo

bench: venv ui  ## Measure beside other trackers, e.g. `make bench ONLY=short_runs PEERS=mlflow,trackio`
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(PEERS),--peers $(PEERS)) $(BENCH_ARGS)

screenshots: ui-dev browser  ## Take the pictures in docs/images, from a fresh demo
	@store=$$(mktemp -d) && $(BIN)/trackrecord --store "$$store" demo --no-ui && \
		$(BIN)/python scripts/screenshots.py "$$store"; status=$$?; rm -rf "$$store"; exit $$status

# --- Checking -------------------------------------------------------------------------------------------------

check: ui-dev  ## Lint, format and types, of Python and of the page
	@scripts/check.sh

test: ui-dev browser  ## make check, the page's tests, then pytest (without the slow tests)
	@scripts/test.sh -m "not slow" $(PYTEST_ARGS)

test-all: ui-dev browser  ## The same with the slow tests
	@scripts/test.sh $(PYTEST_ARGS)

format: venv  ## Rewrite Python files in the project's format
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

clean:  ## Remove everything that make made
	rm -rf .venv build dist src/trackrecord/server/_ui ui/node_modules ui/dist ui/coverage
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests scripts benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
