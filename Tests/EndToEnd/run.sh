#!/usr/bin/env bash
# Runs the end-to-end suite: whole networks of real processes, killed, cut off and looked at afterwards.
#
#   Tests/EndToEnd/run.sh [pytest arguments]
#
# HACA_BIN names the command line tool (default: the newest build under .build); its siblings are used with it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
environment=$("$root/Tests/Interop/environment.sh")

if [ -z "${HACA_BIN:-}" ]; then
    HACA_BIN=$(ls -t "$root"/.build/release/haca "$root"/.build/debug/haca 2>/dev/null | head -n 1 || true)
    [ -n "$HACA_BIN" ] || { echo "haca is not built: run 'make build' first, or set HACA_BIN" >&2; exit 69; }
fi
export HACA_BIN

cd "$here"
"$environment/bin/python" -m pytest "$@"
