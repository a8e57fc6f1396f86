#!/usr/bin/env bash
# Destroy the stages whose branch is gone and those that are older than their time to live.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement buildspec/requirements-ops.txt
.venv/bin/python -m ops branch reap
