# Two commands: `make lab` opens the course, `make test` tests it. Both make .venv first, once: with uv where it is installed,
# which brings a Python of its own where there is none, and with pip where not (or with `make lab UV=`).
UV ?= $(shell command -v uv 2>/dev/null)
VENV := .venv
ifeq ($(OS),Windows_NT)
  DEFAULT_PYTHON := python
  PY := $(VENV)/Scripts/python
else
  DEFAULT_PYTHON := python3
  PY := $(VENV)/bin/python
endif
ifeq ($(UV),)
  PYTHON ?= $(DEFAULT_PYTHON)
  INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
else
  PYTHON ?= >=3.11
  INSTALL := "$(UV)" pip install --quiet --python $(PY) --constraint constraints.txt
endif

.DEFAULT_GOAL := help
.PHONY: help lab test lint clean

help:
	@echo "make lab    open the lessons in JupyterLab"
	@echo "make test   run every test"
	@echo "make lint   check the code's form and types"
	@echo "make clean  remove .venv and what the tools left behind"

lab: $(VENV)/installed
	$(PY) -m pmtech lab notebooks

# Three processes for two cores: the tests in the browser wait for most of their time.
test: $(VENV)/installed-for-tests
	$(PY) -m pytest -n 3

lint: $(VENV)/installed-for-tests
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist

ifeq ($(UV),)
$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "pmtech needs Python 3.11 or newer, and '$(PYTHON)' is not one. If you have one under another name: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Python could not make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@touch $@
else
$(VENV)/made:
	@"$(UV)" venv --quiet --seed --allow-existing --python "$(PYTHON)" $(VENV)
	@touch $@
endif

$(VENV)/installed: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the course into $(VENV); the first time takes a minute or two."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/made pyproject.toml constraints.txt
	@echo "Installing the course and its tests into $(VENV); the first time takes a minute or two."
	@$(INSTALL) --editable '.[test]'
	@touch $(VENV)/installed $@
