SHELL := /bin/bash
.DEFAULT_GOAL := help
# an environment that forbids Python to keep what it compiled makes each of the many processes compile all of Airflow
export PYTHONDONTWRITEBYTECODE :=

LINE ?= 3.3
PYTHON ?= 3.11
# of the tests; more than cores, since most tests wait for something, and tests/support/schedule.py says what begins first
PROCESSES ?= 6
CONSTRAINTS := constraints/airflow-$(LINE).txt
VENV ?= .venv$(if $(filter-out 3.3,$(LINE)),-airflow$(LINE))$(if $(filter-out 3.11,$(PYTHON)),-python$(PYTHON))
BIN := $(VENV)/bin
UV := .venv-tools/bin/uv
# draws the diagrams of the documentation
MERMAID_VERSION := 12.3.0
MERMAID := .build/mermaid-$(MERMAID_VERSION)/mermaid.min.js
PYTEST = EXPECTED_AIRFLOW=$(LINE) EXPECTED_PYTHON=$(PYTHON) $(BIN)/python -m pytest -n $(PROCESSES)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraints $(CONSTRAINTS) --build-constraints $(CONSTRAINTS)

.PHONY: help
help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  LINE=2.11, 3.0 .. 3.3 chooses the Airflow line (now $(LINE)), PYTHON=3.11 .. 3.13 the Python (now $(PYTHON))"

.PHONY: demo
demo: $(VENV)/.runtime ## import a thousand orders into the emulator, through real Airflow
	@$(BIN)/python scripts/demo.py

.PHONY: airflow
airflow: $(VENV)/.runtime ## Airflow's UI with the emulator, a connection and the example DAGs; Ctrl-C ends it
	@$(BIN)/python scripts/airflow_ui.py

.PHONY: test
test: ## everything that must pass: mypy computes while tests wait
	@$(MAKE) --no-print-directory --jobs=2 lint unit-slow

.PHONY: lint
lint: $(VENV)/.tests ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: unit
unit: $(VENV)/.tests ## the quick tests
	$(PYTEST) -m "not slow" $(ARGS)

.PHONY: slow
slow: $(VENV)/.tests ## the tests that start real processes
	$(PYTEST) -m slow $(ARGS)

.PHONY: unit-slow
unit-slow: $(VENV)/.tests ## both at a time: the quick ones fill the time in which the others wait
	$(PYTEST) $(ARGS)

.PHONY: test-matrix
test-matrix: $(UV) ## the tests on every supported pair of Airflow and Python (noxfile.py lists them)
	$(UV) tool run --quiet --python 3.11 nox@2026.10.20 $(ARGS)

.PHONY: bench
bench: .venv-bench/.done ## measure speed and memory, peers included (ARGS=--write: into docs/performance.md)
	@cd benchmarks && ../.venv-bench/bin/python run.py $(ARGS)

.PHONY: bench-distributed
bench-distributed: $(VENV)/.tests ## 200 imports on CeleryExecutor, Redis and PostgreSQL (ARGS=--write: into that page too)
	@PYTHONPATH=tests $(BIN)/python benchmarks/distributed.py $(ARGS)

.PHONY: docs
docs: $(VENV)/.tests $(MERMAID) ## the documentation, into docs/_build/html; a warning fails it
	MERMAID_JS=$(abspath $(MERMAID)) $(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --nitpicky docs docs/_build/html

.PHONY: pictures
pictures: $(VENV)/.tests ## take the documentation's pictures of Airflow's UI again
	PICTURES=1 $(BIN)/python -m pytest -n 0 tests/e2e/test_connection_form.py

.PHONY: dist
dist: $(VENV)/.tests ## wheel and source distribution, into dist
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

.PHONY: release-check
release-check: dist ## what is missing before a release
	@$(BIN)/python scripts/release_check.py

.PHONY: constraints
constraints: $(UV) ## resolve the pinned versions of every Airflow line again
	$(UV) run --no-project --python 3.11 scripts/constraints.py $(UV)

.PHONY: clean
clean: ## remove all that make made
	rm -rf .venv .venv-* dist .build docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(UV):
	@echo "Installing uv into .venv-tools"
	@"$$(command -v python3.11 || command -v python3)" -m venv .venv-tools
	@.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

.venv-bench/.done: pyproject.toml constraints/bench.txt | $(UV)
	@echo "Installing Airflow, this package and its peers into .venv-bench"
	@$(UV) venv --quiet --allow-existing --python 3.11 .venv-bench
	@$(UV) pip install --quiet --python .venv-bench/bin/python --constraints constraints/bench.txt --editable . \
	  --requirement benchmarks/requirements.txt
	@touch $@

$(MERMAID):
	@mkdir -p $(@D)
	@if command -v npm > /dev/null && cd $(@D) && npm pack --silent mermaid@$(MERMAID_VERSION) > /dev/null; then \
	  tar -xzf mermaid-$(MERMAID_VERSION).tgz --strip-components 2 package/dist/mermaid.min.js && rm mermaid-*.tgz; \
	  else echo "Mermaid can't be had from npm: the diagrams stay text"; fi

$(BIN)/python: | $(UV)
	@# pyenv shows only the versions that are switched on
	@PYENV_VERSION="$$(pyenv versions --bare 2>/dev/null | paste -s -d:)" $(UV) venv --quiet --python $(PYTHON) $(VENV)

$(VENV)/.runtime: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing Airflow $(LINE) and this package into $(VENV)"
	@$(INSTALL) --editable . apache-airflow-providers-sqlite
	@touch $@

$(VENV)/.tests: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "Installing Airflow $(LINE), this package and what its tests need into $(VENV)"
	@$(INSTALL) --compile-bytecode --editable '.[parquet,sql]' --group test --group lint --group docs --group release
	@touch $@ $(VENV)/.runtime
