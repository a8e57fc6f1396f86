# Ledgerline: every command a user or CI needs. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What loads the CDK without pipeline/__init__.py, which says why: single tests.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

# What tests.runtimes runs, on the functions' own Pythons.
NOT_RUNTIME := $(addprefix --ignore=tests/,unit/runtime properties faults hostile)
# A process for each core, four at most: each may hold an emulator and a synthesis. tests/conftest.py says which tests stay
# together; what takes longest, the end-to-end tests, begins first.
PARALLEL := -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

FILE ?=
DATASET ?=
PARTNER ?=
NAMES ?=
QUICK ?=

.DEFAULT_GOAL := help
.PHONY: help platform setup run test test-long test-mutations check advisories sbom bench deliver format lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

platform:
	@[ "$$(uname -sm)" = "Linux x86_64" ] || { echo "Linux on x86-64 is needed: the layer holds Lambda's own binaries. This is $$(uname -sm)"; exit 1; }

setup: .venv/.ready node_modules/.ready ## Install what the project needs into .venv and node_modules

.venv/.ready: requirements.txt | platform
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.11 ...")'
	@echo "Installing the Python packages (once) ..."
	@$(PYTHON) -m venv .venv
	@$(VENV)/python -m pip install -qq --require-hashes -r requirements.txt
	@touch $@

node_modules/.ready: package-lock.json | platform
	@node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' || { echo "Node 20 or newer is needed, 22 is better"; exit 1; }
	@echo "Installing the CDK CLI (once) ..."
	@npm ci --silent --no-progress
	@touch $@

run: setup ## Everything from nothing: deploy a stage on this machine, process FILE=... (default: a sample), show what came of it
	@$(VENV)/python -m local run $(if $(FILE),"$(FILE)") $(if $(DATASET),--dataset "$(DATASET)") $(if $(PARTNER),--partner "$(PARTNER)")

test: setup ## The whole test suite: the runtime on Python 3.9 and 3.13, the templates, the stage on the emulator
	@$(VENV)/python -m tests.runtimes -m "not long"
	@echo "=== Tools, templates and the stage on the emulator ==="
	@$(VENV)/python -m pytest -q $(PARALLEL) -m "not long" $(NOT_RUNTIME)

test-long: setup ## Only the slower tests, which 'make test' leaves out
	@$(VENV)/python -m tests.runtimes -m long
	@$(VENV)/python -m pytest -q $(PARALLEL) -m long $(NOT_RUNTIME)

test-mutations: setup ## Break each listed guard in a copy and see its test fail; NAMES="lease tags" breaks only these
	@$(VENV)/python -m tests.mutations $(if $(NAMES),--only $(NAMES))

check: setup ## Format, lint, types, import rules, template and security gates
	@echo "== Format and lint (ruff)"; $(VENV)/ruff format --check . && $(VENV)/ruff check .
	@echo "== Types (mypy)"; $(VENV)/mypy
	@echo "== Import rules (import-linter)"; $(VENV)/lint-imports
	@echo "== Synthesis (cdk-nag)"; $(VENV)/python pipeline_app.py
	@echo "== Templates, policies, secrets and locks (cfn-lint, our own rules, IAM lint, detect-secrets)"; $(VENV)/python -m pipeline.gates
	@echo "== Known vulnerabilities: not checked here, they need a network (make advisories); the pipeline asks before it deploys"

advisories: setup ## Ask OSV and npm for known vulnerabilities of everything in the locks, as the pipeline does
	@$(VENV)/python -m pipeline.gates.advisories

sbom: setup ## Write the software bill of materials of every lock, as CycloneDX JSON, into sbom/
	@pipeline/sbom.sh sbom

bench: setup ## Measure beside what a user would pick instead; NAMES="chunk truth" asks only these, QUICK=yes is a short look
	@$(VENV)/python -m benchmarks $(NAMES) $(if $(QUICK),--quick)

deliver: setup ## Rehearse the whole pipeline for the current commit on this machine; APPROVE=yes approves by itself
	@$(VENV)/python -m local deliver

format: setup ## Format the code
	@$(VENV)/ruff format . && $(VENV)/ruff check --fix .

lock: setup ## Write the lock files anew from the .in files
	@$(VENV)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-emit-index-url requirements.in -o requirements.txt
	@$(VENV)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-emit-index-url \
	  -c requirements.txt buildspec/requirements-ops.in -o buildspec/requirements-ops.txt
	@$(VENV)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-emit-index-url \
	  benchmarks/requirements-peers.in -o benchmarks/requirements-peers.txt
	@for version in 3.9 3.13; do \
	  $(VENV)/uv pip compile --quiet --python-version $$version --generate-hashes --no-header --no-emit-index-url \
	    runtime/layers/requirements-$$version.in -o runtime/layers/requirements-$$version.txt; \
	  $(VENV)/uv pip compile --quiet --python-version $$version --generate-hashes --no-header --no-emit-index-url \
	    -c runtime/layers/requirements-$$version.txt tests/runtime_env/requirements.in runtime/layers/requirements-$$version.in \
	    -o tests/runtime_env/requirements-$$version.txt; \
	done

clean: ## Remove everything that was made here, the running emulator included
	@if [ -x $(VENV)/python ]; then $(VENV)/python -m local down >/dev/null 2>&1 || true; fi
	rm -rf .venv node_modules cdk.out sbom .cache .ledgerline .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
