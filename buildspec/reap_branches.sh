#!/usr/bin/env bash
# Take down the stages whose branch is gone and those that outlived their time.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt
.venv/bin/python -m ops branch reap
