#!/usr/bin/env bash
# Long runs: fuzzers and crash suites, each for SECONDS_EACH (default 300) seconds. Every finished run is written to
# Tests/SOAK.md with the date and the commit. Interrupted, it goes on with the suites that this commit has not had yet;
# AGAIN=1 starts over.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

table=Tests/SOAK.md
each=${SECONDS_EACH:-300}
commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- Shared Services Tests || commit+="+changes"
done_list=.build/soak-$commit
mkdir -p .build
[ "${AGAIN:-}" != 1 ] || rm -f "$done_list"
touch "$done_list"
failures=0

if [ ! -f "$table" ]; then
    cat >"$table" <<'HEAD'
# Long runs

Written by `make soak`. A fuzzing suite runs for the seconds shown; a row is one run.

| date (UTC) | commit | suite | seconds | result |
|---|---|---|---|---|
HEAD
fi

# run_one SUITE COMMAND...
run_one() {
    local suite=$1 begin result
    shift
    if grep -qxF "$suite" "$done_list"; then
        echo "$suite: done for $commit already"
        return
    fi
    echo "$suite: up to $each s"
    begin=$SECONDS
    # Building the last cases and stopping take time of their own; the bound beyond that is for a run that hangs.
    if HACA_FUZZ_SECONDS=$each timeout --kill-after=30 $((each * 2 + 600)) "$@"; then
        result=passed
    else
        result="failed (status $?)"
        failures=$((failures + 1))
    fi
    echo "| $(date -u +%Y-%m-%dT%H:%MZ) | $commit | $suite | $((SECONDS - begin)) | $result |" >>"$table"
    [ "$result" != passed ] || echo "$suite" >>"$done_list"
}

trap 'echo "interrupted: make soak goes on here" >&2; exit 130' INT TERM

swift build -c release --build-tests || exit 70
while IFS= read -r suite; do
    run_one "$suite" swift test -c release --skip-build --filter "$suite"
done < <(swift test list -c release --skip-build 2>/dev/null | grep -iE 'fuzz|soak' | cut -d/ -f1 | sort -u)
if [ -x Tests/EndToEnd/run.sh ]; then
    run_one end-to-end env HACA_BIN="$PWD/.build/release/haca" Tests/EndToEnd/run.sh -q
fi

tail -n +1 "$table"
[ "$failures" -eq 0 ]
