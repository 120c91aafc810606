#!/usr/bin/env bash
# Lists our own source files of one kind, separated by zero bytes; generated code is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Files that are new and not ignored count too, files deleted in the working tree do not.
list() {
    git ls-files -z --cached --others --exclude-standard -- "$@" |
        while IFS= read -r -d '' path; do
            case $path in */Generated/*) continue ;; esac
            [ -f "$path" ] && printf '%s\0' "$path"
        done
}

case ${1:-} in
    swift) list '*.swift' ;;
    c) list '*.c' '*.h' '*.cpp' ;;
    python) list '*.py' ;;
    shell) list '*.sh' '.ci/run' ;;
    code) list '*.swift' '*.c' '*.h' '*.cpp' '*.py' '*.sh' '*.proto' '.ci/run' 'Makefile' '*/Makefile' ;;
    text) list '*.md' '*.toml' '*.swift' '*.c' '*.h' '*.cpp' '*.py' '*.sh' '*.proto' '.ci/run' 'Makefile' '*/Makefile' ;;
    *)
        echo "usage: $0 swift|c|python|shell|code|text" >&2
        exit 64
        ;;
esac
