#!/usr/bin/env bash
# Builds and runs every test in one configuration, and ends with one line: N passed, N failed.
# A suite that cannot run, or runs no test, counts as one failure. ONLY="swift interop" runs some suites only.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

results=.build/test-results
passed=0
failed=0
summary=()

# tally NAME PASSED FAILED STATUS [NOTE]
tally() {
    local good=$2 bad=$3 note=${5:-}
    if [ "$4" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1 note="ended with status $4"; fi
    if [ $((good + bad)) -eq 0 ]; then bad=1 note="ran no test"; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    summary+=("$(printf '%-24s %6d passed %4d failed  %s' "$1" "$good" "$bad" "$note")")
}

wanted() { [ -z "${ONLY:-}" ] || [[ " $ONLY " == *" $1 "* ]]; }

finish() {
    echo
    [ "${#summary[@]}" -eq 0 ] || printf '%s\n' "${summary[@]}"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# Suites that compute for seconds would keep the pool's few threads from every other test's tasks.
computing='^(ConsensusTests|ConsensusTypesTests|ReplicaTests|SigningTests|SimulationTests)\.'

run_swift() { # NAME ARGUMENTS
    local name=$1 status good bad skipped
    shift
    # Two files: one of XCTest, one of Swift Testing beside it. The bound is for a test that hangs.
    timeout --kill-after=30 1200 swift test -c release --skip-build --xunit-output "$results/$name.xml" "$@"
    status=$?
    read -r good bad skipped < <(python3 Deploy/count.py "$results/$name"*.xml)
    tally "$name" "$good" "$bad" "$status" "${skipped/#0/}"
}

run_simulation() { # SEEDS HEIGHTS
    local output status failed=0 seeds=0
    output=$(timeout --kill-after=30 1200 .build/release/haca-simulate --seeds "$1" --heights "$2" 2>&1)
    status=$?
    if [[ $(tail -n 1 <<<"$output") =~ ^([0-9]+)\ seeds,\ ([0-9]+)\ failed ]]; then
        seeds=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
    fi
    [ "$status" -eq 0 ] || echo "$output"
    tally simulation $((seeds - failed)) "$failed" "$status"
}

run_conformance() { # SUITE PATH
    local output status last good=0 bad=0
    output=$(.build/release/haca-conformance "$1" "$2" 2>&1)
    status=$?
    last=$(tail -n 1 <<<"$output")
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        good=${BASH_REMATCH[1]} bad=${BASH_REMATCH[2]}
    fi
    { [ "$status" -eq 0 ] && [ "$bad" -eq 0 ]; } || echo "$output"
    tally "conformance $1" "$good" "$bad" "$status"
}

run_python() { # NAME FOLDER
    local status good bad skipped
    HACA_BIN=$PWD/.build/release/haca "$2/run.sh" -q "--junitxml=$PWD/$results/$1.xml"
    status=$?
    read -r good bad skipped < <(python3 Deploy/count.py "$results/$1.xml")
    tally "$1" "$good" "$bad" "$status" "$([ "$skipped" -eq 0 ] || echo "$skipped skipped")"
}

echo "building"
if ! swift build -c release || ! swift build -c release --build-tests; then
    tally build 0 1 1 "does not build"
    finish
fi
mkdir -p "$results"
rm -f "$results"/*

if wanted swift; then
    run_swift swift --skip "$computing"
    run_swift swift-computing --filter "$computing"
fi
if wanted simulation; then run_simulation 1..200 8; fi
if wanted conformance; then
    # Tests/Conformance/vectors/SUITE is a file or a folder for the runner of that name.
    for path in Tests/Conformance/vectors/*; do
        [ -e "$path" ] || continue
        suite=$(basename "$path")
        run_conformance "${suite%.json}" "$path"
    done
    # HACA_VECTORS names a folder of further vector sets, kept outside the repository.
    if [ -d "${HACA_VECTORS:-}/consensus-vectors" ]; then
        run_conformance consensus "$HACA_VECTORS/consensus-vectors"
        run_conformance light-client "$HACA_VECTORS/consensus-vectors"
    fi
fi
if wanted c; then
    if [ -x Clients/c/test.sh ]; then
        Clients/c/test.sh
        status=$?
        tally "C client" $((status == 0)) $((status != 0)) "$status"
    fi
fi
if wanted interop && [ -x Tests/Interop/run.sh ]; then run_python interop Tests/Interop; fi
if wanted end-to-end && [ -x Tests/EndToEnd/run.sh ]; then run_python end-to-end Tests/EndToEnd; fi
finish
