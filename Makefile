# pingshan-twin. `make run` builds and serves the demo compound; `make test` runs everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1
SCALE ?= compound
LIVE ?= 1

.PHONY: help setup run test lint bench bench-smoke nightly pictures lock clean

help:
	@echo "make run          set up, build the demo compound, serve it (PORT=$(PORT), SCALE=small|compound, LIVE=1|0)"
	@echo "make test         set up what the tests need and run them all"
	@echo "make setup        .venv from requirements.lock, the viewer from package-lock.json"
	@echo "make bench        all benchmarks, results in benchmarks/results"
	@echo "make pictures     docs/pictures from the real page"
	@echo "make lock         requirements.lock anew from pyproject.toml"

setup: $(VENV)/.installed viewer/static/.built

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) scripts/setup.py python

viewer/static/.built: viewer/web/package-lock.json viewer/web/index.html $(shell find viewer/web/src viewer/web/public -type f 2>/dev/null)
	@$(PYTHON) scripts/setup.py viewer

run: setup
	@$(BIN)/twin demo --scale $(SCALE) --serve $(if $(filter 0 no,$(LIVE)),--no-simulate,--simulate) --host $(HOST) --port $(PORT)

TESTS ?=

test: setup
	@$(PYTHON) scripts/setup.py capabilities
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory bench-smoke
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(TESTS)

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: setup
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

bench-smoke: setup
	@for script in benchmarks/*.py; do $(BIN)/python $$script --smoke || exit 1; done

nightly: setup
	@PYTHONPATH=benchmarks $(BIN)/python scripts/nightly.py

pictures: setup
	@$(BIN)/python scripts/pictures.py

lock: $(VENV)/.installed
	@$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-annotate --no-header -q --python-version 3.11 --universal \
	  --extra dev --extra sight pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) viewer/static viewer/web/node_modules
