#!/usr/bin/env bash
# Validate a deployed stage from outside. If that fails, say what differed, roll the stage back to the last
# validated template (D7), and stop the delivery.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt

ops() { .venv/bin/python -m ops "$@" --stage "${LEDGERLINE_OUTPUT_STAGE:?}" --region "${LEDGERLINE_REGION:?}" --json; }

output="$(mktemp)"
if ops validate --record 2>&1 | tee "$output"; then exit 0; fi
back=0
ops rollback || back=$?

# The console shows people the end of the log.
echo "The validation of this commit found, among others:" >&2
grep -m 5 -E '^(  - |error: )' "$output" >&2 || true
if [ "$back" -eq 0 ]; then
  echo "The stage is back on what was last validated; this commit goes no further." >&2
else
  echo "The stage is not known to be good: see docs/runbook.md, Rolling back." >&2
fi
exit 1
