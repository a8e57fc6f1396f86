#!/usr/bin/env bash
# Synthesize the cloud assembly and check it with the gates (D8); nothing is deployed unless this succeeds.
# Known vulnerabilities come last, since they need a network: a service that does not answer fails the build as a finding does.
set -euo pipefail
cd "$(dirname "$0")/.."

bash buildspec/install.sh requirements.txt
npm ci --no-audit --no-fund
.venv/bin/python pipeline_app.py
.venv/bin/python -m pipeline.gates --assembly cdk.out
.venv/bin/python -m pipeline.gates.advisories
# The bill of materials is part of the build's artifact, with the templates.
pipeline/sbom.sh cdk.out/sbom
