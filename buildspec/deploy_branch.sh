#!/usr/bin/env bash
# Deploy and validate the stage of a pushed branch. Its name was chosen by whoever pushed it, so it is always quoted.
set -euo pipefail
cd "$(dirname "$0")/.."

reference="${LEDGERLINE_BRANCH:-${CODEBUILD_WEBHOOK_HEAD_REF:?or LEDGERLINE_BRANCH must name the branch}}"
branch="${reference#refs/heads/}"

bash buildspec/install.sh requirements.txt
npm ci --no-audit --no-fund
.venv/bin/python pipeline_app.py -c "branch=$branch"
.venv/bin/python -m pipeline.gates --assembly cdk.out --branch="$branch"
.venv/bin/python -m ops branch deploy --branch="$branch" --assembly cdk.out
