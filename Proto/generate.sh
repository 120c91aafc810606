#!/bin/bash
# Writes the Swift code of Proto/*.proto into Shared/Wire*/Generated. Needs protoc and the two plug-ins, which it builds
# with the package manager unless PLUGINS names a folder that holds them. SCRATCH: the build folder to use.
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=${SCRATCH:-.build}
if [ -z "${PLUGINS:-}" ]; then
    swift build --scratch-path "$scratch" --product protoc-gen-swift
    swift build --scratch-path "$scratch" --product protoc-gen-haca
    PLUGINS=$(swift build --scratch-path "$scratch" --show-bin-path)
fi

generate() { # FILE TARGET
    local out="Shared/$2/Generated"
    rm -rf "$out"
    mkdir -p "$out"
    protoc -I Proto "$1.proto" \
        --plugin="protoc-gen-swift=$PLUGINS/protoc-gen-swift" --swift_opt=Visibility=Public --swift_out="$out" \
        --plugin="protoc-gen-haca=$PLUGINS/protoc-gen-haca" --haca_opt=Visibility=Public --haca_out="$out"
    swift format --in-place "$out"/*.haca.swift
}

generate rpc WireRPC
generate operations WireOperations
generate attestation WireAttestation
generate inference WireInference
generate consensus WireConsensus
