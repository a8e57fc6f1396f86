#!/usr/bin/env bash
# Prove a deployed stage from outside; fails with one message that says what differed.
# A stage that fails goes back to what was last validated (D7), and the delivery stops either way.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt

ops() { .venv/bin/python -m ops "$@" --stage "${LEDGERLINE_OUTPUT_STAGE:?}" --region "${LEDGERLINE_REGION:?}" --json; }

said="$(mktemp)"
if ops validate --record 2>&1 | tee "$said"; then exit 0; fi
back=0
ops rollback || back=$?

# The end of a log is what people are shown.
echo "The validation of this commit found, among others:" >&2
grep -m 5 -E '^(  - |error: )' "$said" >&2 || true
if [ "$back" -eq 0 ]; then
  echo "The stage is back on what was last validated; this commit goes no further." >&2
else
  echo "The stage is not known to be good: see docs/runbook.md, Rolling back." >&2
fi
exit 1
