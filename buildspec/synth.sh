#!/usr/bin/env bash
# From a source tree to a cloud assembly that passed the gates (D8); nothing is deployed before this ends well.
# What needs a network, known vulnerabilities, is asked last: a service that does not answer fails the build as a finding does.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh requirements.txt
npm ci --no-audit --no-fund
.venv/bin/python pipeline_app.py
.venv/bin/python -m pipeline.gates --assembly cdk.out
.venv/bin/python -m pipeline.gates.advisories
# What the commit is made of, kept with its templates in the build's artifact.
.venv/bin/python -m pipeline.sbom --out cdk.out/sbom
