# Everything runs from a virtual environment of its own; `make` alone prints what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NOTEBOOK ?= notebooks/01_first_look.ipynb
LAB_FLAGS ?=
PYTEST_FLAGS ?=
WORKERS ?= 2
CONTACT_FLAGS ?=
SEED ?= 7

.PHONY: help setup lab demo docs test check bench contact capture replay constraints system clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## make the environment in .venv and install lognb into it (quick when nothing changed)

$(STAMP): pyproject.toml constraints.txt tools/python.sh tools/overrides.json
	$$(bash tools/python.sh) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	install -D -m 644 tools/overrides.json $(VENV)/share/jupyter/lab/settings/overrides.json
	@touch $@

lab: setup  ## open JupyterLab on the first notebook (on another port if 8888 is taken)
	$(BIN)/python tools/lab.py $(NOTEBOOK) $(LAB_FLAGS)

demo: setup  ## the same without a browser: run the notebook, write build/01_first_look.html, which needs no network
	$(BIN)/python tools/demo.py $(NOTEBOOK) build

docs: setup  ## the book: README, docs and notebooks, run now, as pages in build/site that need no network
	$(BIN)/python tools/book.py build

test: setup system check  ## everything: system packages, checks, all tests
	$(BIN)/python -m pytest -m "not soak" -n $(WORKERS) $(PYTEST_FLAGS)

check: setup  ## lint, format, types, structure of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_structure.py tests/test_project.py

bench: setup  ## how fast and how large, as ratios against the alternatives, in one run
	@set -e; for f in $(sort $(wildcard benchmarks/bench_*.py)); do $(BIN)/python -m $$(echo $${f%.py} | tr / .); done

contact: setup  ## draw every chart, light and dark, into build/contact_sheet_*.html and .png, to be looked at
	$(BIN)/python tools/contact_sheet.py $(CONTACT_FLAGS)

capture: setup  ## run the shop for six minutes, write data/samples again (SEED=7 gave the committed one; needs Go and Node)
	$(BIN)/python data/capture/capture.py --seed $(SEED) --out data/samples

replay:  ## build lognb/static/replay.js, which plays recordings, from rrweb's sources (needs npm)
	npm ci --prefix tools/replay --ignore-scripts --no-audit --no-fund --silent
	npm run --prefix tools/replay --silent build -- --outfile=../../lognb/static/replay.js

constraints: setup  ## write constraints.txt from what is installed
	$(BIN)/python tools/constraints.py > .constraints.tmp && mv .constraints.tmp constraints.txt

system:  ## install what tests need from the system: Chromium and fonts
	@bash tools/system.sh

clean:  ## remove the environment and everything made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
