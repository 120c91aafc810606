#!/usr/bin/env bash
# Everything that can be checked without building. Runs all checks, then fails if one did.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

maximum_lines=500
failures=0

fail() {
    echo "lint: $*" >&2
    failures=$((failures + 1))
}

# find_in KIND MESSAGE PATTERN [PATH TO LEAVE OUT]
find_in() {
    local hits
    hits=$(Deploy/sources.sh "$1" | xargs -0 grep -nHE -- "$3" | grep -vE "^(Deploy/lint.sh${4:+|$4}):" || true)
    [ -z "$hits" ] || fail "$2"$'\n'"$hits"
}

Deploy/sources.sh swift | xargs -0 swift format lint --strict --parallel || fail "run make format"

while IFS= read -r -d '' path; do
    lines=$(wc -l <"$path")
    [ "$lines" -le "$maximum_lines" ] || fail "$path has $lines lines, at most $maximum_lines"
    name=$(basename "$path")
    case ${name%%.*} in
        *Manager | *Helper | *Helpers | *Util | *Utils | *Common | *Base) fail "$path: the name says nothing" ;;
    esac
done < <(Deploy/sources.sh code)

find_in code "unfinished work" '\b(TODO|FIXME|XXX|HACK)\b'
find_in text "a path of one machine" '(^|[^A-Za-z0-9_.])/(work|home|Users)/[A-Za-z0-9]'
find_in swift "a trap that input could reach" '\btry!|\bas!|fatalError\('

if command -v shellcheck >/dev/null; then
    Deploy/sources.sh shell | xargs -0 shellcheck --external-sources --severity=warning || fail "shellcheck"
else
    echo "lint: shellcheck is not installed, shell scripts are not checked" >&2
fi

Deploy/sources.sh python | xargs -0 --no-run-if-empty env PYTHONDONTWRITEBYTECODE=1 python3 -c '
import ast, sys
bad = 0
for path in sys.argv[1:]:
    try:
        ast.parse(open(path, encoding="utf-8").read(), path)
    except SyntaxError as error:
        bad = 1
        print(f"{path}:{error.lineno}: {error.msg}", file=sys.stderr)
sys.exit(bad)' || fail "Python that does not parse"

if [ "$failures" -gt 0 ]; then
    echo "lint: $failures checks failed" >&2
    exit 1
fi
echo "lint: clean"
