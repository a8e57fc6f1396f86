#!/usr/bin/env bash
# Take down the stages whose branch is gone and those that outlived their time.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement buildspec/requirements-ops.txt
.venv/bin/python -m ops branch reap
