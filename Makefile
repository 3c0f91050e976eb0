# Two commands matter: `make run` and `make test`. Each makes its own environment in .venv from locked versions.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CONFIG ?= config.example.yaml

.DEFAULT_GOAL := help
.PHONY: help run demo test test-parts test-whole check bench storm redaction-report fuzz-wire fuzz-redaction docs lock clean

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

run: $(VENV)/.run  ## serve config.example.yaml, with the demo provider beside it
	$(BIN)/sidecar run -c $(CONFIG) --demo-provider

demo: $(VENV)/.run  ## see it work: a flaky provider, a sidecar, traffic
	$(BIN)/sidecar demo

test: check  ## every check and every test, in two lanes beside each other
	$(MAKE) --no-print-directory -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=line) test-parts test-whole

test-parts: $(VENV)/.test
	$(BIN)/coverage run -m pytest tests/unit --ignore tests/unit/redaction
	$(BIN)/coverage report --include='sidecar/rules/*,sidecar/core/*,sidecar/policies/*' --fail-under=95
	$(BIN)/python -m pytest tests/unit/redaction tests/redaction
	$(BIN)/python -m pytest tests/alerts tests/bench tests/dashboard tests/image tests/k8s

test-whole: $(VENV)/.test
	$(BIN)/python -m pytest tests/chaos tests/conformance
	$(BIN)/python -m pytest tests/integration tests/lifecycle
	$(BIN)/python -m pytest tests/docs tests/sdk

check: $(VENV)/.test  ## linters, types, import rules, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/python -m k8s.monitoring.dashboard --check

bench: $(VENV)/.bench  ## measure beside Envoy, HAProxy, nginx and aiohttp (about 10 minutes)
	$(BIN)/python -m compileall -q sidecar
	$(BIN)/python -m bench $(BENCH)

storm: $(VENV)/.bench  ## a provider's outage beside Envoy and a naive client (about 3 minutes; STORM="--down hang")
	$(BIN)/python -m bench.storm $(STORM)

fuzz-wire: $(VENV)/.test  ## a long run of mutated requests and answers
	SIDECAR_FUZZ=20000 $(BIN)/python -m pytest tests/conformance -k fuzz

fuzz-redaction: $(VENV)/.test  ## a million random secrets in random places: none may show (FUZZ="--count 100000")
	$(BIN)/python -m tests.redaction.fuzz $(FUZZ)

redaction-report: $(VENV)/.report  ## what redaction finds and spares, by kind and format, beside four others
	$(BIN)/python -m tests.redaction.report

docs: $(VENV)/.test  ## write the generated documentation and the dashboard again
	$(BIN)/python docs/generate.py
	$(BIN)/python -m k8s.monitoring.dashboard

lock: $(VENV)/.test  ## compile requirements/*.txt anew
	$(BIN)/pip install --quiet uv
	$(COMPILE) $(RUN) pyproject.toml -o requirements/run.txt
	$(COMPILE) -c requirements/run.txt requirements/build.in -o requirements/build.txt
	$(COMPILE) --extra otlp -c requirements/run.txt pyproject.toml -o requirements/image.txt
	$(COMPILE) $(RUN) --extra otlp -c requirements/image.txt -c requirements/run.txt pyproject.toml requirements/test.in -o requirements/test.txt
	$(COMPILE) $(RUN) -c requirements/test.txt pyproject.toml requirements/bench.in -o requirements/bench.txt
	$(COMPILE) $(RUN) -c requirements/test.txt pyproject.toml requirements/report.in -o requirements/report.txt

RUN := --extra cli --extra build
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean:  ## remove the environment and every cache
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "error: Python 3.11 or newer is needed; '$(PYTHON)' is older or missing"; \
		echo "do:    make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "installing locked dependencies into $(VENV) (once)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q sidecar
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

$(VENV)/.report: requirements/report.txt $(VENV)/.test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/report.txt
	@touch $@
