# The project's commands. A fresh clone needs nothing but make and Python 3.11 or newer:
#   make demo     open the console on a recorded night
#   make check    format, lint, compile, types, import rules, tests
# Another Python: `make check PYTHON=python3.12`. The environment is made once for each Python
# and again only when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PACKAGES := btcbot_core btcbot_tui tests

# One more than there are cores: the tests of whole processes wait a good part of their time.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)' 2>/dev/null)

# Which Python made the environment; another one makes it anew.
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
IS_NEW_ENOUGH := $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)
ENVIRONMENT := $(VENV)/.python-$(VERSION)
TO_RUN := $(VENV)/.run-$(VERSION)
TO_WORK := $(VENV)/.work-$(VERSION)

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.PHONY: help demo check bench soak docs pictures clean

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))
	@echo 'make bench    measure; make soak runs the long tests; make docs writes the generated pages'
	@echo 'make pictures draws the console for the docs; make clean removes the environment'

demo: $(TO_RUN)
	@$(BIN)/btcbot-tui --demo

check: $(TO_WORK)
	@echo '== format' && $(BIN)/ruff format --check --quiet .
	@echo '== lint' && $(BIN)/ruff check --quiet .
	@echo '== compile' && $(BIN)/python -m compileall -q $(PACKAGES)
	@echo '== types' && $(BIN)/mypy
	@echo '== import rules' && { said=$$($(BIN)/lint-imports 2>&1) || { echo "$$said"; exit 1; }; }
	@echo '== tests' && $(BIN)/pytest -n $(WORKERS) --dist worksteal

bench: $(TO_WORK)
	@$(BIN)/python -m tests.bench

soak: $(TO_WORK)
	@$(BIN)/python -m tests.bench soak

docs: $(TO_WORK)
	@$(BIN)/python -m tests.architecture.pages

pictures: $(TO_WORK)
	@$(BIN)/python -m btcbot_tui.pictures docs/pictures

clean:
	rm -rf $(VENV)

# The stamps. Running the bot needs less than working on it, so the demo starts sooner.

$(ENVIRONMENT):
	@test '$(IS_NEW_ENOUGH)' = True || { \
		echo "btcbot needs Python 3.11 or newer, but '$(PYTHON)' is $(or $(VERSION),not there):" \
			"name another, as in: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo '== environment: $(VENV), Python $(VERSION)'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(TO_RUN): pyproject.toml | $(ENVIRONMENT)
	@echo '== install: btcbot'
	@$(PIP) install -e .
	@touch $@

$(TO_WORK): pyproject.toml | $(ENVIRONMENT)
	@echo '== install: btcbot and its tools'
	@$(PIP) install -e '.[dev]'
	@touch $@ $(TO_RUN)
