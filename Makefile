# Everything a person types. `make help` lists the targets.
# PYTHON picks the interpreter of the virtual environment (3.11 to 3.13).
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
MEASURE :=

# pip and uv trust whom this machine trusts, so that a company's own certificate authority needs no setting. Where the
# machine has no such store, they trust the authorities that they bring along. What the environment says goes first.
PIP = REQUESTS_CA_BUNDLE="$${REQUESTS_CA_BUNDLE:-$${CURL_CA_BUNDLE:-$$($(BIN)/python tools/system_certificates.py)}}" \
  $(BIN)/python -m pip --disable-pip-version-check
UV = UV_SYSTEM_CERTS="$${UV_SYSTEM_CERTS:-$$(echo | UV_SYSTEM_CERTS=true $(BIN)/uv pip compile --quiet --offline - \
  >/dev/null 2>&1 && echo true || echo false)}" $(BIN)/uv

.PHONY: help setup lock lock-check demo up check docs hooks suite test coverage overlap corpus bench test-pythons chaos-ci chaos
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 16

$(STAMP): requirements.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' || \
	  { echo "error: CPython 3.11, 3.12 or 3.13 is needed; $$($(PYTHON) --version) was found. Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --require-hashes --no-deps -r requirements-setup.lock
	@# Compiled once here: Dagster starts a process per run, and compiling its sources each time costs a second.
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --no-deps --compile-bytecode -r requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

setup: $(STAMP) ## make the virtual environment from the lock files

demo: $(STAMP) ## three days of ten sample suppliers, through the real queue and daemon
	@$(BIN)/python -m demo

up: $(STAMP) ## everything with the Dagster UI, until Ctrl-C: make up ARGS="--samples"
	@$(BIN)/ingestion up $(ARGS)

check: $(STAMP) lock-check docs ## lint, formatting, types, lock files, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(STAMP) ## the documentation as a site, in build/docs/site; broken links and unlisted pages fail
	@$(BIN)/python -m tools.docs_site

hooks: $(STAMP) ## have git run ruff, mypy and the lock check before each commit
	@$(BIN)/pre-commit install

suite: $(STAMP) ## the tests alone: make suite ARGS="-k guards"
	$(BIN)/python -m pytest $(MEASURE) $(ARGS)

CHAOS_FORM = $(BIN)/python -m pytest ingestion_dagster_tests/chaos -p no:cacheprovider $(ARGS)
chaos-ci: $(STAMP) ## kills, crashes, mutants, zombies, damaged sheets: minutes
	@CHAOS=ci $(CHAOS_FORM)

chaos: $(STAMP) ## the same in the long form: hours; make chaos ARGS="-k kills"
	@CHAOS=long $(CHAOS_FORM)

# Two processes, a file at a time: most tests wait for the processes that they start.
WHOLE = -n 2 --dist loadfile
test: MEASURE := $(WHOLE) --cov --cov-report=
test: check suite ## everything, with real PostgreSQL and Redis, and how much of the code the tests reach

coverage: $(STAMP) ## what the last `make test` did not reach: a line per file, the least covered first
	@$(BIN)/coverage report --sort=cover --show-missing

overlap: $(STAMP) ## twenty processes load the same few suppliers for a minute: no error, no deadlock
	@OVERLAP_SECONDS=60 $(BIN)/python -m pytest -q -s ingestion_dagster_tests/integration/pipeline/test_overlapping_loads.py

corpus: $(STAMP) ## scores the reader on other people's lists (skipped where they are not there)
	@$(BIN)/python -m benchmarks.corpus $(ARGS)

bench: $(STAMP) ## the figures of docs/benchmarks.md, measured again here (about eight minutes on two quiet cores)
	@$(BIN)/python benchmarks/load.py --rows 10000
	@$(BIN)/python benchmarks/load.py --rows 100000
	@$(BIN)/python benchmarks/load_xlsx.py --rounds 2
	@$(BIN)/python benchmarks/load_many.py --rows 1000
	@$(BIN)/python benchmarks/load_runs.py --rounds 3
	@$(BIN)/python benchmarks/rows/row_speed.py
	@$(BIN)/python benchmarks/read_sheets.py
	@$(BIN)/python -m benchmarks.understanding_speed
	@$(BIN)/python -m benchmarks.layouts
	@$(BIN)/python benchmarks/prices/columns.py
	@$(BIN)/python benchmarks/detect_text.py
	@$(BIN)/python benchmarks/google_refresh.py

test-pythons: ## the tests on every installed CPython 3.11 to 3.13, each in an environment of its own
	@for python in $$(.ci/pythons); do \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "== CPython $$version"; \
	  $(MAKE) --no-print-directory suite PYTHON=$$python VENV=.venv-$$version MEASURE="$(WHOLE)" || exit 1; \
	done

UV_COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url $(ARGS)
lock: ## resolve the dependencies again into the lock files
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(PIP) install --quiet uv; }
	echo uv | $(UV_COMPILE) -o requirements-setup.lock -
	$(UV_COMPILE) -o requirements.lock pyproject.toml
	$(UV_COMPILE) -o requirements-dev.lock --extra dev -c requirements.lock pyproject.toml

lock-check: $(STAMP) ## whether the lock files fit pyproject.toml; needs no network
	@$(BIN)/python -m tools.lock_check
