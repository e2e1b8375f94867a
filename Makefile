# Each target does all the set-up that it needs. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
DEMO_PORT ?= 8001
DEMO_DIR ?= .demo
TESTS ?= tests
JOBS ?= auto
PACKAGES := fedimmp activitypub storage tests

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test test-storage torture bench lint format docs vectors lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(VENV)/ready ## make the virtual environment with the locked dependencies

$(VENV)/ready: requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "fedimmp needs Python 3.11 or newer; none was found on the PATH."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: install your system's package for it (Debian: python3-venv)."; exit 1; }
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## start three offices that trust each other, with people and posts
	@exec $(BIN)/fedimmp demo --port $(DEMO_PORT) --dir $(DEMO_DIR)

demo-reset: setup ## throw the demo's data away
	@$(BIN)/fedimmp demo --dir $(DEMO_DIR) --reset

# Tests start processes of ours again and again, so what Python compiles is kept.
test: setup ## run the whole test suite: TESTS=tests/api JOBS=2
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(TESTS)

test-storage: setup ## run the storage tests against FEDIMMP_TEST_DATABASE_URL
	@$(BIN)/python -m pytest tests/storage

torture: setup ## kill processes, send rubbish, mix up what travels: KILLS=100 EXAMPLES=2000 SEED=1
	@FEDIMMP_KILLS=$(or $(KILLS),100) FEDIMMP_EXAMPLES=$(or $(EXAMPLES),2000) FEDIMMP_SEED=$(or $(SEED),1) \
		$(BIN)/python -m pytest -s tests/faults tests/hostile tests/federation/test_model.py \
		tests/api/test_generated_requests.py

bench: setup ## measure the hot paths and print the figures
	@$(BIN)/python -m tests.bench

lint: setup ## ruff, mypy --strict and import-linter
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## format the source
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup ## write the generated pages of docs/ anew
	@$(BIN)/python -m tests.house.generate
	@$(BIN)/python -m tests.corpora

vectors: setup ## write the table of the security vectors, and run those that `make test` did not
	@$(BIN)/python -m tests.house.attacks

lock: setup ## resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --extra corpora -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what the targets made
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache build dist
