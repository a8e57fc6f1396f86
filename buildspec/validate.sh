#!/usr/bin/env bash
# Prove a deployed stage from outside; fails with one message that says what differed.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
.venv/bin/python -m ops validate --stage "${LEDGERLINE_OUTPUT_STAGE:?}" --region "${LEDGERLINE_REGION:?}" --json
