#!/usr/bin/env bash
# Prove a deployed stage from outside; fails with one message that says what differed.
# A stage that fails goes back to what was last validated (D7), and the delivery stops either way.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement buildspec/requirements-ops.txt

ops() { .venv/bin/python -m ops "$@" --stage "${LEDGERLINE_OUTPUT_STAGE:?}" --region "${LEDGERLINE_REGION:?}" --json; }

if ops validate --record; then exit 0; fi
if ops rollback; then
  echo "The stage is back on what was last validated; this commit goes no further." >&2
else
  echo "The stage is not known to be good: see docs/runbook.md, Rolling back." >&2
fi
exit 1
