#!/usr/bin/env bash
# Destroy the stages whose branch is gone and those that are older than their time to live.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt
.venv/bin/python -m ops branch reap
