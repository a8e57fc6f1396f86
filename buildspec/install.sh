#!/usr/bin/env bash
# Make .venv and install the packages of a lock into it: bash buildspec/install.sh LOCK
# pip installs uv, and uv the lock; both refuse a file whose hash is not in its lock.
set -euo pipefail
cd "$(dirname "$0")/.."

"${PYTHON:-python}" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement buildspec/requirements-uv.txt
.venv/bin/python -I etl/packages.py "$1"
