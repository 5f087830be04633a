#!/usr/bin/env bash
# Lint, format and types. Runs all of them even if one fails, so that one look shows everything.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()

check() {
    echo "== $*"
    "$@" || failed+=("$*")
}

check .venv/bin/ruff check .
check .venv/bin/ruff format --check .
check .venv/bin/mypy
if [ -f ui/package.json ]; then
    check .venv/bin/python scripts/ui_build.py npm run --silent check
else
    echo "== ui: no types checked, because there is no ui/package.json"
fi

for each in "${failed[@]+"${failed[@]}"}"; do
    echo "check FAILED: $each" >&2
done
[ ${#failed[@]} = 0 ]
