#!/usr/bin/env bash
# Check everything that has to be on the machine before anything is installed: bash local/tools.sh [PYTHON]
# One line for each tool that is missing or too old; exit status 1 if there is one.
set -uo pipefail

python="${1:-python3}"
status=0
lacks() { echo "$1" && status=1; }

machine="$(uname -sm)"
[ "$machine" = "Linux x86_64" ] || lacks "Linux on x86-64 is needed: the layer holds Lambda's own binaries. This is $machine"
if ! version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)"; then
  lacks "Python 3.10 or newer is needed, and '$python' does not start: make PYTHON=python3.11 ..."
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
  lacks "Python 3.10 or newer is needed, and '$python' is $version: make PYTHON=python3.11 ..."
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  lacks "'$python' cannot make virtual environments: on Debian and Ubuntu install python$version-venv"
fi
if ! node="$(node -p 'process.versions.node' 2>/dev/null)"; then
  lacks "Node.js 20 or newer is needed, 22 is better, and there is no 'node' on PATH"
elif [ "${node%%.*}" -lt 20 ]; then
  lacks "Node.js 20 or newer is needed, 22 is better, and 'node' is $node"
fi
command -v npm >/dev/null || lacks "npm is needed, which comes with Node.js, and there is none on PATH"
command -v git >/dev/null || lacks "git is needed, and there is none on PATH"
exit "$status"
