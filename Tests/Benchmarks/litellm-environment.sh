#!/usr/bin/env bash
# Makes .venv-litellm at the repository root, which holds the peer of the gateway benchmark, or finds it already made.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment=$(cd "$here/../.." && pwd)/.venv-litellm
requirements=$here/litellm-requirements.txt
stamp=$environment/requirements.installed

if ! cmp -s "$requirements" "$stamp"; then
    echo "Python environment of the gateway benchmark's peer: installing pinned packages (some minutes)" >&2
    rm -f "$stamp"
    [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
    cp "$requirements" "$stamp"
fi
echo "$environment"
