# Mainstay's one-word commands. They need Python 3.11 or newer with venv, make and a C compiler, and nothing else;
# what they install goes to .venv. `make PYTHON=python3.12 test` chooses another Python.

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell command -v $(name) 2>/dev/null)))
PORT ?= 8000
JSON ?=
SUITE ?= postgrest
CORPUS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NODE_LOCKS := $(shell find tests -name node_modules -prune -o -name package-lock.json -print 2>/dev/null)
NODE_INSTALLED := $(NODE_LOCKS:package-lock.json=node_modules/.installed)

# What is not quick: the real process, stock clients, the whole of the flights.
SLOW_TESTS := $(wildcard tests/blackbox tests/clients tests/examples tests/bench tests/docs tests/property)

# What starts processes and waits for them. The rest runs beside it.
PROCESS_TESTS := $(wildcard tests/blackbox tests/clients tests/cli tests/conformance tests/examples tests/bench)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install demo check format lint types imports quick docs test tests processes rooms conformance bench golden lock viewer clean

help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Create .venv and install Mainstay with all it needs, from the lock.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; say where: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: $(PYTHON) is older than 3.11; say where a newer one is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "make: $(PYTHON) can't make a venv; on Debian: apt-get install python3-venv" >&2; exit 1; }

# --require-hashes: nothing is installed but the very files that the lock names.
$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

demo: $(INSTALLED) ## Serve 336,776 real flights on 127.0.0.1. PORT=8000
	@$(BIN)/python -m examples.flights --port $(PORT)

check: $(INSTALLED) ## Format, lint, types, imports, quick tests and docs: under a minute.
	@$(MAKE) --no-print-directory -k -j2 -Otarget quick types format lint imports docs

format: $(INSTALLED)
	@$(BIN)/ruff format --check

lint: $(INSTALLED)
	@$(BIN)/ruff check

types: $(INSTALLED)
	@$(BIN)/mypy

imports: $(INSTALLED)
	@$(BIN)/lint-imports

quick: $(INSTALLED)
	@$(BIN)/python -m pytest -q -m 'not slow' $(SLOW_TESTS:%=--ignore=%)

docs: $(INSTALLED) ## Build the documentation into site/; a broken link fails.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

test: $(INSTALLED) $(NODE_INSTALLED) ## Everything: what check does, and all tests.
	@$(MAKE) --no-print-directory -k -j2 -Otarget types format lint imports docs
	@$(MAKE) --no-print-directory tests

tests: $(INSTALLED) $(NODE_INSTALLED)
	@$(MAKE) --no-print-directory -k -j2 -Otarget processes rooms

processes: $(INSTALLED) $(NODE_INSTALLED)
	@$(BIN)/python -m pytest -q $(PROCESS_TESTS)

rooms: $(INSTALLED)
	@$(BIN)/python -m pytest -q $(PROCESS_TESTS:%=--ignore=%)

conformance: $(INSTALLED) ## Run PostgREST's or Hasura's own test cases. SUITE=hasura CORPUS=folder
	@PYTHONPATH=tests $(BIN)/python -m conformance $(SUITE) $(if $(CORPUS),--corpus $(CORPUS))

# Node and npm come as a wheel; npm finds node by PATH.
%/node_modules/.installed: %/package-lock.json | $(INSTALLED)
	@cd $* && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --no-audit --no-fund
	@touch $@

bench: $(INSTALLED) ## Compare with pgbench, FastAPI and PocketBase. JSON=file writes the figures there.
	@$(BIN)/python -m bench $(if $(JSON),--json $(JSON))

golden: $(INSTALLED) ## Rewrite the golden cases; read the diff before you commit it.
	@$(BIN)/python -m pytest -q tests/golden --update-golden

lock: $(INSTALLED) ## Resolve the dependencies anew into requirements.lock.
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --upgrade --quiet -o requirements.lock

viewer: $(INSTALLED) ## Fetch what the pages are shown with anew from npm. PACKAGE=graphiql VERSION=4.1.2
	@$(BIN)/python .ci/viewer.py $(PACKAGE) $(VERSION)

clean: ## Remove what was built; .venv and the data in .mainstay stay.
	@rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
