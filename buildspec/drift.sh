#!/usr/bin/env bash
# Ask for the drift of each stage in LEDGERLINE_STAGES ("suffix=region ..."); what drifted goes to the topic.
# The build fails when a stage could not be asked; the others are asked all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

python -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
failed=0
for stage in ${LEDGERLINE_STAGES:?}; do
  .venv/bin/python -m ops drift --stage "${stage%%=*}" --region "${stage#*=}" --topic "${LEDGERLINE_TOPIC:?}" || failed=1
done
exit "$failed"
