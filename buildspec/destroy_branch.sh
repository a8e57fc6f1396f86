#!/usr/bin/env bash
# Destroy the stage of a branch that was deleted or whose pull request was closed. Its name is always quoted.
set -euo pipefail
cd "$(dirname "$0")/.."

reference="${LEDGERLINE_BRANCH:-${CODEBUILD_WEBHOOK_HEAD_REF:?or LEDGERLINE_BRANCH must name the branch}}"
branch="${reference#refs/heads/}"
arguments=(--branch="$branch" --if-gone)
# pr/7: the branch of a closed pull request may still exist, or be in another repository; the command checks both.
if [[ "${CODEBUILD_WEBHOOK_TRIGGER:-}" =~ ^pr/([0-9]+)$ ]]; then
  arguments+=(--pull-request="${BASH_REMATCH[1]}")
fi

bash buildspec/install.sh buildspec/requirements-ops.txt
.venv/bin/python -m ops branch destroy "${arguments[@]}"
