# make demo     a first look: environment, embedded server, sweep, report
# make test     the whole test suite
# make lint     style and types
# make engine   the tests against a real engine (installs it into .venv-engine; several minutes)
# make bench    speed and accuracy, printed beside their targets

PYTHON ?= python3
BIN := .venv/bin
ENGINE := .venv-engine/bin

.PHONY: demo test lint engine bench clean

demo: .venv/ready
	$(BIN)/llocust demo

test: .venv/ready-dev
	$(BIN)/pytest -q

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

engine: .venv/ready-dev .venv-engine/ready
	LLOCUST_ENGINE_PYTHON=$(CURDIR)/$(ENGINE)/python $(BIN)/pytest -q -m engine tests/engine

bench: .venv/ready-dev
	$(BIN)/python tests/bench/run.py

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/ready: .venv/bin/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/ready-dev: .venv/ready
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

.venv-engine/ready:
	$(PYTHON) -m venv .venv-engine
	$(ENGINE)/pip install --quiet --disable-pip-version-check torch==2.13.0 'transformers[serving]==5.23.*'
	touch $@

clean:
	rm -rf .venv .venv-engine
