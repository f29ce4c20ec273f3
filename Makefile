# One-word doors. Each makes the environment first when it is missing or older than the lock.
#   make test PYTHON=python3.13 VENV=.venv-3.13    tries another Python beside the usual one

PYTHON ?= python3
VENV ?= .venv
SEEDS ?= 2000
WORKERS ?= 2
ARGS ?=

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
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(firstword $(MAKEFILE_LIST)) | while read -r door what; do printf '  make %-10s %s\n' "$$door" "$$what"; done

.PHONY: env
env: $(stamp)  ## the environment in .venv, with .venv/bin/loyalty
	@:

.PHONY: demo
demo: env  ## a real grocer's year, into a fresh store, and what it says
	@$(bin)/loyalty demo $(ARGS)

.PHONY: test
test: check system warm  ## style, types, all tests
	@$(python) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

.PHONY: check
check: env  ## style and types alone
	@$(bin)/ruff check --quiet --output-format concise
	@$(bin)/mypy loyalty_streams

.PHONY: system
system:  ## what tests need beside Python: Chromium, Java, Maven
	@sh tests/system/bring.sh

.PHONY: kafka
kafka: env  ## Apache Kafka on this machine, without a container: KAFKA_PORT=9092
	@$(python) -m tests.kafka.broker start $(if $(KAFKA_PORT),--port $(KAFKA_PORT))

.PHONY: kafka-stop
kafka-stop: env  ## end it; its data stays in var/kafka
	@$(python) -m tests.kafka.broker stop

# Compiled once before the tests, lest each worker compile its own.
.PHONY: warm
warm: env
	@$(python) -m loyalty_streams.core.kernel.warm

.PHONY: bench
bench: warm  ## every number that the README quotes, with its peers
	@$(python) -m benchmarks $(ARGS)

.PHONY: simulate
simulate: warm  ## random programmes and histories against the oracle: SEEDS=2000
	@$(python) -m tests.simulation.run --seeds $(SEEDS) $(ARGS)
	@$(python) -m tests.any_order.run --seeds $(SEEDS)

.PHONY: mutants
mutants: warm  ## plant each known bug in the kernel and see which test catches it
	@$(python) -m tests.mutants.run $(ARGS)

.PHONY: docs
docs: warm  ## write the generated pages again
	@$(python) -m tests.docs_tools --write

.PHONY: lock
lock:  ## choose newer versions and write requirements.lock again
	@$(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@.venv-lock/bin/uv pip compile pyproject.toml --extra dev --upgrade --universal --python-version 3.11 \
	  --fork-strategy fewest --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
	  --output-file requirements.lock

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
	@rm -rf $(VENV) .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
