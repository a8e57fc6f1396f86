#!/usr/bin/env bash
# Take the stage of a branch down whose branch is deleted or whose pull request is closed. The name is data, always quoted.
set -euo pipefail
cd "$(dirname "$0")/.."

reference="${LEDGERLINE_BRANCH:-${CODEBUILD_WEBHOOK_HEAD_REF:?or LEDGERLINE_BRANCH must name the branch}}"
branch="${reference#refs/heads/}"
arguments=(--branch="$branch" --if-gone)
# pr/7: the branch of a closed pull request may go on; that of another repository's is not ours.
if [[ "${CODEBUILD_WEBHOOK_TRIGGER:-}" =~ ^pr/([0-9]+)$ ]]; then
  arguments+=(--pull-request="${BASH_REMATCH[1]}")
fi

bash buildspec/install.sh buildspec/requirements-ops.txt
.venv/bin/python -m ops branch destroy "${arguments[@]}"
