# Two commands: `make lab` opens the course, `make test` tests it. Both make .venv first, once.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help lab test lint clean

help:
	@echo "make lab    open the lessons in JupyterLab"
	@echo "make test   run every test"
	@echo "make lint   check the code's form"
	@echo "make clean  remove .venv and what the tools left behind"

lab: $(VENV)/installed
	$(PY) -m pmtech lab notebooks

test: $(VENV)/installed-for-tests
	$(PY) -m pytest -n 2

lint: $(VENV)/installed-for-tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pmtech needs Python 3.11 or newer, and '$(PYTHON)' is not one. If you have one under another name: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python could not make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the course into $(VENV); the first time takes a minute or two."
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the course and its tests into $(VENV); the first time takes a minute or two."
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $(VENV)/installed $@
