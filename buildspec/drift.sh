#!/usr/bin/env bash
# Ask for the drift of each stage in LEDGERLINE_STAGES ("suffix=region ..."); what drifted goes to the topic.
# A stage in another account is asked by the role that follows ("suffix=region=role").
# The build fails when a stage could not be asked; the others are asked all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt
failed=0
for stage in ${LEDGERLINE_STAGES:?}; do
  IFS== read -r suffix region role <<<"$stage"
  LEDGERLINE_ROLE_ARN="$role" .venv/bin/python -m ops drift --stage "$suffix" --region "$region" --topic "${LEDGERLINE_TOPIC:?}" || failed=1
done
exit "$failed"
