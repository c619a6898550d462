# pingshan-twin. `make run` builds and serves the demo compound; `make test` runs everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1
SCALE ?= compound
LIVE ?= 1
SMOKES := $(sort $(patsubst benchmarks/%.py,smoke-%,$(wildcard benchmarks/*.py)))
TOGETHER := $(MAKE) --no-print-directory -j2 --output-sync=target

.PHONY: help setup run test lint bench bench-smoke nightly pictures lock clean $(SMOKES)

help:
	@echo "make run          set up, build the demo compound, serve it (PORT=$(PORT), SCALE=small|compound, LIVE=1|0)"
	@echo "make test         set up what the tests need and run them all"
	@echo "make setup        .venv from requirements.lock, the viewer from package-lock.json"
	@echo "make lint         ruff, mypy and the layers of imports"
	@echo "make bench        all benchmarks, results in benchmarks/results"
	@echo "make bench-smoke  each of them run small, nothing written; make smoke-NAME runs one"
	@echo "make nightly      what takes hours: fuzz, kills, the large registers"
	@echo "make pictures     docs/pictures from the real page"
	@echo "make lock         requirements.lock anew from pyproject.toml"
	@echo "make clean        .venv, the built viewer and node_modules away"

setup: $(VENV)/.installed viewer/static/.built

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) scripts/setup.py python

viewer/static/.built: viewer/web/package-lock.json viewer/web/index.html $(shell find viewer/web/src viewer/web/public -type f 2>/dev/null)
	@$(PYTHON) scripts/setup.py viewer

run: setup
	@$(BIN)/twin demo --scale $(SCALE) --serve $(if $(filter 0 no,$(LIVE)),--no-simulate,--simulate) --host $(HOST) --port $(PORT)

TESTS ?=

test:
	@$(TOGETHER) setup
	@$(PYTHON) scripts/setup.py capabilities
	@$(TOGETHER) lint bench-smoke
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder $(TESTS)

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: setup
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

bench-smoke: $(SMOKES)

$(SMOKES): smoke-%: setup
	@TWIN_GATEWAY_PORT=0 $(BIN)/python benchmarks/$*.py --smoke

nightly: setup
	@PYTHONPATH=benchmarks $(BIN)/python scripts/nightly.py

pictures: setup
	@$(BIN)/python scripts/pictures.py

lock: $(VENV)/.installed
	@$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-annotate --no-header -q --python-version 3.11 --universal \
	  --extra dev --extra sight pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) viewer/static viewer/web/node_modules
