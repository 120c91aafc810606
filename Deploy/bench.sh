#!/usr/bin/env bash
# Prints the benchmark tables. Peers that are missing are built or installed first; what cannot be had is said and left out.
# PEERS=0 leaves the long builds of peers out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

peers=()
if [ "${PEERS:-1}" = 1 ]; then
    if pkg-config --exists grpc++ 2>/dev/null; then
        make --silent -C Tests/Benchmarks/Peers/GRPCCxx || echo "the gRPC C++ peer does not build, it is left out" >&2
    else
        echo "libgrpc++-dev and protobuf-compiler-grpc are not installed: the gRPC C++ peer is left out" >&2
    fi
    peers=(--build-peers)
    Tests/Benchmarks/litellm-environment.sh || echo "LiteLLM cannot be installed, it is left out" >&2
fi
.build/release/haca-bench rpc "${peers[@]}" "$@"
.build/release/haca-bench gateway
.build/release/haca-bench chain
