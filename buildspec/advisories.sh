#!/usr/bin/env bash
# Look for known vulnerabilities of what is locked; what is found goes to the topic LEDGERLINE_TOPIC.
# The build fails when a service could not be asked, or the topic could not be told.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh requirements.txt
status=0
found="$(.venv/bin/python -m pipeline.gates.advisories)" || status=$?
printf '%s\n' "$found"
# A crash has the same status and says nothing there.
if [ "$status" -eq 1 ] && [ -n "$found" ]; then
  printf '%s\n' "$found" | .venv/bin/python -m ops tell --topic "${LEDGERLINE_TOPIC:?}" \
    --subject "Known vulnerabilities in what is delivered" --advice "What to do: docs/runbook.md, Known vulnerabilities."
  exit 0
fi
exit "$status"
