#!/usr/bin/env bash
# Installs the Debian packages that the build and the tests need and this machine lacks. Asks once; YES=1 or CI: not at all.
set -euo pipefail

needed=(
    build-essential ca-certificates curl libprotobuf-c-dev libpq-dev librocksdb-dev libsecp256k1-dev libssl-dev libzstd-dev
    pkg-config protobuf-c-compiler protobuf-compiler python3 python3-venv zlib1g-dev
)

if ! command -v swift >/dev/null; then
    echo "swift is not installed: install the Swift 6.3 tool chain (swift.org/install) and put it on the PATH" >&2
    exit 69
fi
if ! command -v dpkg-query >/dev/null; then
    echo "this is not Debian: install the equivalents of ${needed[*]} yourself" >&2
    exit 0
fi

missing=()
for package in "${needed[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "system packages are missing and there is no sudo: as root, run: apt-get install ${missing[*]}" >&2
        exit 69
    }
    as_root=(sudo)
fi

if [ "${YES:-}" != 1 ] && [ -z "${CI:-}" ]; then
    if [ ! -t 0 ]; then
        echo "system packages are missing: run: apt-get install ${missing[*]}   (or YES=1 make …)" >&2
        exit 69
    fi
    read -r -p "Install these packages with apt-get: ${missing[*]}? [Y/n] " answer
    case $answer in
        '' | [Yy]*) ;;
        *)
            echo "nothing installed" >&2
            exit 69
            ;;
    esac
fi

echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null || {
    # A package list that is too old names files that are gone.
    "${as_root[@]}" apt-get update --quiet >/dev/null
    "${as_root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null
}
