# The developer's manual. Each target does all that it needs; a bare machine needs git, make and Python 3.11.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
STAMP := $(VENV)/.installed
CHECKED := factory flows tasks golden localazure deployments benchmarks tests
# An answer to apt's questions; the packages are named in deployments/host-packages.txt with their reasons.
export DEBIAN_FRONTEND := noninteractive

.PHONY: help setup demo test test-real test-fast check mutants chaos benchmark clean host

help:  ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## .venv with everything pinned by hash, and .venv/bin/golden

$(STAMP): requirements/dev.txt pyproject.toml deployments/backend.py
	@bash deployments/setup-venv.sh $(PYTHON) $(VENV) requirements/dev.txt
	@touch $@

host: $(STAMP)  ## What the local Azure's machines need from this computer (apt; printed before it is done)
	@bash deployments/setup-host.sh

demo: ## The main job, end to end, on the local Azure
	@started=$$(date +%s); $(MAKE) --no-print-directory setup host && \
	  $(VENV)/bin/golden demo --setup-seconds $$(( $$(date +%s) - started ))

test: setup ## All tests, with coverage of factory/ and localazure/
	@bash deployments/setup-host.sh --browser
	@bash deployments/run-tests.sh $(VENV)

test-real: setup host ## The tests that boot many QEMU machines, and Windows' known failures, one after the other: 40 minutes and more without KVM
	@$(VENV)/bin/pytest -q -m real --timeout=1800 --durations=15

test-fast: setup  ## The tests that boot no machine and need no server: seconds
	@$(VENV)/bin/pytest -q -m "not guest and not prefect"

check: setup  ## ruff, mypy --strict, import rules
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy $(CHECKED)
	@$(VENV)/bin/lint-imports

mutants: setup host ## Break the code on purpose, once each: every break must turn the suite red
	@$(VENV)/bin/python -m tests.mutants

chaos: setup host ## A run struck at each of its instants, with each blow, on simulated guests: 42 minutes on two cores
	@$(VENV)/bin/python -m tests.chaos

benchmark: setup host ## What throttling costs: a rebuild with a fifth of its calls refused, beside one without
	@$(VENV)/bin/python -m benchmarks.throttling

lock: $(STAMP)  ## Pin the requirements again (needs uv)
	@bash deployments/lock.sh

clean:  ## Stop the local Azure and remove everything that make made
	@if [ -x $(VENV)/bin/golden ]; then for state in local demo/azure; do \
	  $(VENV)/bin/golden local down --all --state ~/.local/state/golden-image-factory/$$state || true; done; fi
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov *.egg-info build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
