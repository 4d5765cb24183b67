# make setup | demo | test | thorough | faults | check | bench | airflow | lab: each does all of its own set-up, from git, make and Python 3.11 or newer.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
EXTRAS := demo,dev,schedule,notify
PG ?= 18
export PG

.PHONY: help setup demo test thorough faults check lint bench airflow lab clean
help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

setup: .venv/.complete ## make .venv with the mendbook command and all extras

.venv/.complete: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "mendbook needs Python 3.11 or newer: install it, or name it with make PYTHON=..."; exit 2; }
	@if command -v uv >/dev/null; then \
		test -x $(BIN)/python || uv venv --quiet --python "$(PYTHON)" .venv; \
		uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[$(EXTRAS)]'; \
	else \
		test -x $(BIN)/pip || "$(PYTHON)" -m venv .venv \
			|| { echo "this Python cannot make a venv (on Debian: apt install python3-venv)"; exit 2; }; \
		$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[$(EXTRAS)]'; \
	fi
	@touch $@

demo: setup ## damage four applications by their own races on an embedded PostgreSQL; find it, repair it, race the fixed ones
	$(BIN)/mendbook demo

# what Python and pytest compile once is kept for the processes that come after, wherever that is switched off
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 3 --dist worksteal --tb=short

test: setup ## every check and every test (make test PG=16: on PostgreSQL 16)
	@$(BIN)/mypy & types=$$!; \
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports; others=$$?; \
	$(PYTEST); tests=$$?; \
	wait $$types; types=$$?; \
	echo "format, lint and imports: $$others, types: $$types, tests: $$tests (0 is sound)"; \
	exit $$((others || types || tests))

thorough: setup ## the slow proofs that make test leaves out: each shows on another example what a test there shows already
	$(PYTEST) -m thorough

faults: setup ## a thousand faults while plans are applied and taken back: killed, cut off, suspended, crashed (about five minutes)
	PYTHONPATH=tests $(BIN)/python -m faults.harness $(FAULTS)

check: lint ## format, lint, types, import floors, notebook rules
	$(BIN)/python -m pytest --quiet tests/test_notebooks.py tests/test_project.py

lint: setup
	$(BIN)/mypy & types=$$!; \
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/lint-imports; \
	others=$$?; wait $$types && exit $$others

bench: setup ## the figures of docs/performance.md, measured here (takes more than an hour)
	$(BIN)/python bench/audit.py --users 1000000 --rounds 5 --pandas
	$(BIN)/python bench/audit.py --users 10000000 --rounds 3
	$(BIN)/python bench/audit.py --on mariadb --users 300000 --rounds 3
	$(BIN)/python bench/audit.py --on sqlite --users 1000000 --rounds 3
	$(BIN)/python bench/logs.py
	$(BIN)/python bench/plan.py
	$(BIN)/python bench/apply.py --changes 100000 --users 200000 --rounds 3
	$(BIN)/python bench/serve.py --sources 100
	$(BIN)/python bench/review_table.py --cases 100000

AIRFLOW ?= .venv-airflow
airflow: setup ## import the printed DAG into a real Airflow, in an environment of its own, and run it there
	test -x $(AIRFLOW)/bin/airflow || { "$(PYTHON)" -m venv $(AIRFLOW) \
		&& $(AIRFLOW)/bin/pip install --quiet 'apache-airflow>=2.10' apache-airflow-providers-papermill; }
	MENDBOOK_AIRFLOW=$(abspath $(AIRFLOW))/bin/python $(BIN)/python -m pytest tests/test_schedule_units.py -k airflow

lab: setup ## JupyterLab on copies of the notebooks, with the demo's databases where there is no mendbook.toml
	$(BIN)/mendbook lab

clean: ## remove .venv and caches; outputs/ stays
	rm -rf .venv .venv-airflow .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
