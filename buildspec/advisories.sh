#!/usr/bin/env bash
# Look for known vulnerabilities in the locks and publish them to the topic LEDGERLINE_TOPIC.
# The build fails if a service gave no answer or the topic could not be reached.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh requirements.txt
status=0
findings="$(.venv/bin/python -m pipeline.gates.advisories)" || status=$?
printf '%s\n' "$findings"
# A crash also has status 1, but prints nothing to standard output.
if [ "$status" -eq 1 ] && [ -n "$findings" ]; then
  printf '%s\n' "$findings" | .venv/bin/python -m ops tell --topic "${LEDGERLINE_TOPIC:?}" \
    --subject "Known vulnerabilities in what is delivered" --advice "What to do: docs/runbook.md, Known vulnerabilities."
  exit 0
fi
exit "$status"
