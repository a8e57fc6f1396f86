#!/usr/bin/env bash
# Write the review of one stage, publish it, and write its address to review/url.txt.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh buildspec/requirements-ops.txt
mkdir -p review
deployed="$(mktemp)"
.venv/bin/python -m ops template --allow-missing --stage "${LEDGERLINE_STAGE:?}" --region "${LEDGERLINE_REGION:?}" >"$deployed"
.venv/bin/python -m pipeline.review --stage "$LEDGERLINE_STAGE" --deployed "$deployed" --assembly assembly \
  --commit "${CODEBUILD_RESOLVED_SOURCE_VERSION:-unknown}" --output review
url="$(.venv/bin/python -m ops publish review --bucket "${LEDGERLINE_BUCKET:?}" --region "${AWS_REGION:?}" \
  --prefix "${LEDGERLINE_PREFIX:?}/${CODEBUILD_RESOLVED_SOURCE_VERSION:-unknown}/${CODEBUILD_BUILD_ID##*:}")"
printf '%s\n' "$url" | tee review/url.txt
