#!/usr/bin/env bash
# Run one step of the set-up: bash local/step.sh TEXT COMMAND [ARGUMENT ...]
# Prints the text with the seconds that it took; on a terminal it counts while it runs. Output is shown if it fails.
set -euo pipefail

text="$1"
shift
output="$(mktemp)"
trap 'rm -f "$output"' EXIT
SECONDS=0
[ -t 2 ] || echo "$text ..." >&2
"$@" >"$output" 2>&1 </dev/null &
process=$!
trap 'kill "$process" 2>/dev/null; exit 130' INT TERM
while kill -0 "$process" 2>/dev/null; do
  [ ! -t 2 ] || printf '\r%s ... %s s ' "$text" "$SECONDS" >&2
  sleep 0.2
done
[ ! -t 2 ] || printf '\r\033[K' >&2
status=0
wait "$process" || status=$?
if [ "$status" -ne 0 ]; then
  cat "$output" >&2
  echo "error: failed after $SECONDS s: $text" >&2
  exit "$status"
fi
echo "$text ($SECONDS s)" >&2
