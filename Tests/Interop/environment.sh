#!/usr/bin/env bash
# Makes the suites' Python environment, .venv-interop at the repository root, or finds it already made.
# The stamp is the requirements themselves, so a changed pin rebuilds it and an unchanged one costs a comparison.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
environment=$root/.venv-interop
stamp=$environment/requirements.installed

if ! cmp -s "$here/requirements.txt" "$stamp"; then
    echo "Python environment of the interop suites: installing pinned packages (about a minute)" >&2
    rm -f "$stamp"
    [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$here/requirements.txt"
    "$environment/bin/pip" check --quiet --disable-pip-version-check >&2
    cp "$here/requirements.txt" "$stamp"
fi
echo "$environment"
