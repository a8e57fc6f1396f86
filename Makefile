# Ledgerline: every command a user or CI needs. `make help` lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV := .venv/bin
# What installs must not be what was installed before.
HOST_PATH := $(PATH)
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What loads the CDK without pipeline/__init__.py, which says why: single tests.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

FILE ?=
DATASET ?=
PARTNER ?=
NAMES ?=
QUICK ?=

INSTALLED := .venv/.ready node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help tools setup run test test-all test-long test-changed test-mutations check advisories sbom bench deliver format lock clean

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

tools:
	@PATH="$(HOST_PATH)" bash local/tools.sh "$(PYTHON)"

setup: tools ## Install what the project needs into .venv and node_modules
	@$(MAKE) --question --no-print-directory $(INSTALLED) 2>/dev/null || \
	  bash local/step.sh "Installing the Python packages and the CDK CLI" \
	    env PATH="$(HOST_PATH)" $(MAKE) --silent --no-print-directory --jobs=2 $(INSTALLED)

.venv/.ready: requirements.txt buildspec/requirements-uv.txt
	@PATH="$(HOST_PATH)" PYTHON="$(PYTHON)" bash buildspec/install.sh requirements.txt
	@touch $@

node_modules/.ready: package-lock.json
	@npm ci --silent --no-progress
	@touch $@

run: setup ## Everything from nothing: deploy a stage on this machine, process FILE=... (default: a sample), show what came of it
	@$(VENV)/python -m local run $(if $(FILE),"$(FILE)") $(if $(DATASET),--dataset "$(DATASET)") $(if $(PARTNER),--partner "$(PARTNER)")

test: setup ## The tests of every change: the runtime on the deployed Python, the templates, the stage on the emulator
	@$(VENV)/python -m tests.sessions -m "not long and not dear"

test-all: setup ## All that CI runs: also the tests that take minutes, and the runtime on Python 3.9 and 3.13
	@$(VENV)/python -m tests.sessions --every-python -m "not long"

test-long: setup ## Only what takes too long for CI: rehearsals of the delivery, a thousand schedules of faults, files of 6 GB
	@$(VENV)/python -m tests.sessions --every-python -m long

test-changed: setup ## Only the tests that import a file changed since main (tests/changed.py says what that misses)
	@$(VENV)/python -m tests.changed

test-mutations: setup ## Break each listed guard in a copy and see its test fail; NAMES="lease tags" breaks only these
	@$(VENV)/python -m tests.mutations $(if $(NAMES),--only $(NAMES))

check: setup ## Format, lint, types, import rules, template and security gates
	@$(VENV)/python -m local.side_by_side \
	  "Synthesis (cdk-nag), templates and policies (cfn-lint, our own rules, IAM lint)" "python pipeline_app.py && python -m pipeline.gates --only templates" \
	  "Secrets and locks (detect-secrets)" "python -m pipeline.gates --only files" \
	  "Types (mypy)" "mypy" \
	  "Format and lint (ruff)" "ruff format --check . && ruff check ." \
	  "Import rules (import-linter)" "lint-imports"
	@echo "Known vulnerabilities are not checked here, they need a network (make advisories); the pipeline asks before it deploys"

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
	@$(VENV)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-emit-index-url \
	  -c requirements.txt buildspec/requirements-uv.in -o buildspec/requirements-uv.txt
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
