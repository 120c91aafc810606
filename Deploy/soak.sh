#!/usr/bin/env bash
# Long runs: fuzzers, load and crash suites, each for SECONDS_EACH (default 300) seconds. Every finished run is written to
# Tests/SOAK.md with the date, the commit and what it said last. Interrupted, it goes on with the suites that this commit has
# not had yet; AGAIN=1 starts over. ONLY="gateway-memory rpc-memory" runs some suites only.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

table=Tests/SOAK.md
each=${SECONDS_EACH:-300}
commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- Shared Services Tests ':!Tests/SOAK.md' || commit+="+changes"
done_list=.build/soak-$commit
mkdir -p .build
[ "${AGAIN:-}" != 1 ] || rm -f "$done_list"
touch "$done_list"
failures=0

if [ ! -f "$table" ]; then
    cat >"$table" <<'HEAD'
# Long runs

Written by `make soak`. A fuzzing suite runs for the seconds shown; a row is one run.

| date (UTC) | commit | suite | seconds | result | what it said last |
|---|---|---|---|---|---|
HEAD
fi

# last_line FILE: what a run said last, fit for a cell of the table.
last_line() {
    sed 's/\x1b\[[0-9;]*m//g; s/^[^[:alnum:]]*//; s/|/\//g; s/[[:space:]]*$//' "$1" | grep -v '^$' | tail -n 1 | cut -c1-160
}

# run_one SUITE COMMAND...
run_one() {
    local suite=$1 begin result log status
    shift
    if [ -n "${ONLY:-}" ] && [[ " $ONLY " != *" $suite "* ]]; then return; fi
    if grep -qxF "$suite" "$done_list"; then
        echo "$suite: done for $commit already"
        return
    fi
    echo "$suite: up to $each s"
    begin=$SECONDS
    log=.build/soak-$suite.log
    # Building the last cases and stopping take time of their own; the bound beyond that is for a run that hangs.
    HACA_FUZZ_SECONDS=$each timeout --kill-after=30 $((each * 2 + 600)) "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    if [ "$status" -eq 0 ]; then
        result=passed
    else
        result="failed (status $status)"
        failures=$((failures + 1))
    fi
    echo "| $(date -u +%Y-%m-%dT%H:%MZ) | $commit | $suite | $((SECONDS - begin)) | $result | $(last_line "$log") |" >>"$table"
    [ "$result" != passed ] || echo "$suite" >>"$done_list"
}

trap 'echo "interrupted: make soak goes on here" >&2; exit 130' INT TERM

swift build -c release --build-tests || exit 70
while IFS= read -r suite; do
    run_one "$suite" swift test -c release --skip-build --filter "$suite"
done < <(swift test list -c release --skip-build 2>/dev/null | grep -iE 'fuzz|soak' | cut -d/ -f1 | sort -u)
bench=.build/release/haca-bench
run_one rpc-memory "$bench" rpc --load-seconds "$each"
# As many requests as fit into the time.
run_one gateway-memory "$bench" gateway --targets gateway --samples 8 --seconds 1 --requests 100000000 --memory-seconds "$each"
# 10,000 seeds in slices, so that an interrupted run goes on with the slice it was at.
for first in $(seq 1 500 10000); do
    run_one "simulation-$first" .build/release/haca-simulate --seeds "$first..$((first + 499))" --heights 10 --shrink
done
if [ -x Tests/EndToEnd/run.sh ]; then
    each=1500 run_one chain-churn env HACA_BIN="$PWD/.build/release/haca" HACA_CHURN_BLOCKS="${CHURN_BLOCKS:-1000}" \
        HACA_CHURN_SEED="$RANDOM" Tests/EndToEnd/run.sh -q test_chain.py -k dies_again
    run_one end-to-end env HACA_BIN="$PWD/.build/release/haca" Tests/EndToEnd/run.sh -q
fi

tail -n +1 "$table"
[ "$failures" -eq 0 ]
