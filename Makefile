# Everything runs as `.venv/bin/python -m ...`: the first line of a script can hold neither a space nor a long path.
PY := .venv/bin/python
ARGS ?=
export PYTHON
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-compose check audit bench lock schemas clean local dev
.DEFAULT_GOAL := help

help:
	@echo 'make demo     real Kafka and Postgres on this machine, invented traffic, a live view  (ARGS="--reports 2000 --json")'
	@echo 'make test     the whole test suite against the same Kafka and Postgres  (ARGS="-k ledger")'
	@echo 'make test-compose  the containers of docker-compose.yml, brought up for real (as root, Debian 12)'
	@echo 'make check    the fast checks: ruff, mypy, import-linter, unit tests with the coverage of the domain'
	@echo 'make audit    known vulnerabilities of what we use, and bills of materials in build/sbom  (ARGS="--strict")'
	@echo 'make bench    the whole path: a backlog, and 100 reports a second'
	@echo 'make schemas  writes schemas/ anew from the contracts'
	@echo 'make lock     writes requirements/*.lock anew (needs uv)'
	@echo 'make clean    removes .venv, .anwang and all caches'

local dev:
	@sh .ci/venv $@

demo: local
	@$(PY) -m pipeline.cli demo $(ARGS)

test: dev
	$(PY) -m pytest $(ARGS)

test-compose: dev
	@$(PY) -m pytest tests/compose -m compose -v -s $(ARGS)

check: dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(PY) -m pytest tests/unit tests/contract -n auto --cov --cov-report=term $(ARGS)

audit: dev
	@$(PY) .ci/audit.py $(ARGS)

bench: local
	@$(PY) benchmarks/path.py

schemas: dev
	$(PY) -m pipeline.cli schemas

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate
lock:
	$(COMPILE) --output-file requirements/run.lock pyproject.toml
	$(COMPILE) --group build --output-file requirements/build.lock
	$(COMPILE) --extra local --group build --output-file requirements/local.lock pyproject.toml
	$(COMPILE) --extra local --extra learn --extra hsm --group dev --output-file requirements/dev.lock pyproject.toml
	$(COMPILE) --group bench --output-file requirements/bench.lock pyproject.toml

clean:
	rm -rf .venv .anwang .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage build dist
