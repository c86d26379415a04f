VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
CLIENTS := $(VENV)/clients/.installed
PACKAGES := web/node_modules/.installed

.PHONY: help setup serve test check pages postcard clean
help:            ## print these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12
setup: $(READY)  ## create .venv and install Tintype with what its tests need
serve: $(INSTALLED) ## start the server on http://127.0.0.1:8000
	$(BIN)/tintype serve
test: $(READY) $(CLIENTS) $(PACKAGES) ## run every check and test (about twenty minutes on 2 cores)
	$(BIN)/python -m pytest
check: $(READY)  ## run the fast checks only: style, types, import directions
	$(BIN)/python -m pytest tests/test_architecture.py
pages: $(PACKAGES) ## build the web pages of web/ into src/tintype/assets/pages
	$(BIN)/python -m tests.pages.npm run build
postcard: $(READY) ## train the bundled model from nothing (hours; resumes)
	$(BIN)/python training/postcard.py
clean:           ## remove .venv and caches
	rm -rf $(VENV) web/node_modules .pytest_cache .ruff_cache build src/*.egg-info

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "installing Tintype into $(VENV); PyTorch is large, this takes some minutes"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(READY): $(INSTALLED)
	@echo "installing what the tests need"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(CLIENTS): $(READY) tests/conformance/install.py tests/conformance/clients.txt tests/conformance/package-lock.json
	@echo "installing fal's other clients, which the tests run"
	$(BIN)/python tests/conformance/install.py $(VENV)/clients
	touch $@

$(PACKAGES): $(READY) web/package-lock.json tests/pages/chromium.py
	@echo "installing what builds and tests the web pages"
	$(BIN)/python -m tests.pages.npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	$(BIN)/python -m tests.pages.chromium
	touch $@
