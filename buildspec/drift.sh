#!/usr/bin/env bash
# Detect the drift of each stage in LEDGERLINE_STAGES ("suffix=region ...") and publish it to the topic.
# For a stage in another account the role to assume follows ("suffix=region=role").
# The build fails if the drift of a stage could not be detected, after it has tried the others.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt
failed=0
for stage in ${LEDGERLINE_STAGES:?}; do
  IFS== read -r suffix region role <<<"$stage"
  LEDGERLINE_ROLE_ARN="$role" .venv/bin/python -m ops drift --stage "$suffix" --region "$region" --topic "${LEDGERLINE_TOPIC:?}" || failed=1
done
exit "$failed"
