#!/usr/bin/env bash
# Runs the interop suite: the public clients, unmodified, against a network it starts and stops.
#
#   Tests/Interop/run.sh [pytest arguments]
#
# With HACA_GATEWAY_URL and HACA_GATEWAY_TLS_URL exported it uses that running network instead and starts none.
# HACA_BIN names the command line tool (default: the newest build under .build).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
environment=$("$here/environment.sh")

if [ -z "${HACA_BIN:-}" ]; then
    HACA_BIN=$(ls -t "$root"/.build/release/haca "$root"/.build/debug/haca 2>/dev/null | head -n 1 || true)
    [ -n "$HACA_BIN" ] || { echo "haca is not built: run 'make build' first, or set HACA_BIN" >&2; exit 69; }
fi
export HACA_BIN

if [ -z "${HACA_GATEWAY_URL:-}" ]; then
    folder=$(mktemp -d "${TMPDIR:-/tmp}/haca-interop.XXXXXX")
    stop() {
        "$HACA_BIN" testnet down --folder "$folder/network" >/dev/null 2>&1 || true
        if [ "${KEEP:-}" = 1 ]; then echo "kept $folder" >&2; else rm -rf "$folder"; fi
    }
    trap stop EXIT
    trap 'exit 130' INT TERM
    "$HACA_BIN" testnet up --detach --ports auto --validators 0 --folder "$folder/network"
    eval "$("$HACA_BIN" testnet env --folder "$folder/network")"
fi

cd "$here"
"$environment/bin/python" -m pytest "$@"
