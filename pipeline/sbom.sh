#!/usr/bin/env bash
# pipeline/sbom.sh DIRECTORY: write a software bill of materials for each lock, as CycloneDX JSON. The same locks give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

out="${1:?name the directory for the documents}"
mkdir -p "$out" 2>/dev/null || { echo "error: $out cannot be made; name another directory" >&2; exit 2; }

# The command warns that a lock has no graph of dependencies and that validation is off; a test validates the documents.
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
for lock in {,benchmarks/,buildspec/,runtime/layers/,tests/runtime_env/}requirements*.txt; do
  name="${lock%.txt}"
  .venv/bin/cyclonedx-py requirements --pyproject pyproject.toml --short-PURLs --output-reproducible --no-validate \
    --output-file "$out/${name//\//-}.cdx.json" "$lock" 2>"$log" || { cat "$log" >&2; exit 1; }
done

# npm adds a number and the time of each run, and calls the project after its directory.
npm sbom --package-lock-only --sbom-format cyclonedx --sbom-type application | .venv/bin/python -c '
import json, sys
document = json.load(sys.stdin)
del document["serialNumber"], document["metadata"]["timestamp"]
document["metadata"]["component"]["name"] = "ledgerline"
json.dump(document, sys.stdout, indent=2)
' >"$out/package-lock.cdx.json"

echo "$out: $(ls "$out" | wc -l) documents"
