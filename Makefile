# One-word doors. Each makes the environment first when it is missing or older than the lock.
#   make test PYTHON=python3.13 VENV=.venv-3.13    tries another Python beside the usual one

PYTHON ?= python3
VENV ?= .venv
SEEDS ?= 2000
WORKERS ?= 2

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

bin := $(VENV)/bin
python := $(bin)/python
pip := $(python) -m pip --disable-pip-version-check --quiet --no-input

# Stamps are named by what was installed, so a changed lock makes a new environment whatever the file times say,
# and a changed pyproject.toml only installs the project again.
locked := $(VENV)/.locked-$(shell cksum < requirements.lock | tr ' ' '-')
stamp := $(VENV)/.made-$(shell cat requirements.lock pyproject.toml | cksum | tr ' ' '-')
# An environment whose interpreter has gone (an upgraded or removed Python) is made anew.
ifneq ($(shell $(python) -c 'print(1)' 2>/dev/null),1)
.PHONY: $(locked)
endif

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1:/p' $(firstword $(MAKEFILE_LIST)) | awk -F: '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: env
env: $(stamp)  ## the environment in .venv, with .venv/bin/loyalty
	@:

$(stamp): $(locked)
	@$(pip) install --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.made-*
	@touch $@

$(locked):
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "making $(VENV) (once, about a minute) ..." >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(pip) install --require-hashes --only-binary :all: --requirement requirements.lock
	@touch $@

.PHONY: clean
clean:  ## remove everything that make made
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
