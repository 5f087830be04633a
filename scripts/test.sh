#!/usr/bin/env bash
# `make check`, the page's own tests, then pytest with the given arguments. pytest comes last and always runs, so
# that the output ends with its closing line; the exit status is 0 only if all three passed.
set -uo pipefail
cd "$(dirname "$0")/.."
remarks=()
status=0

scripts/check.sh || { status=1; remarks+=("FAILED: make check (see above)"); }

if [ -f ui/package.json ]; then
    echo "== tests of the page (vitest)"
    .venv/bin/python scripts/ui_build.py npm run --silent test ||
        { status=1; remarks+=("FAILED: the page's own tests, vitest (see above)"); }
else
    remarks+=("skipped: the page's own tests, because there is no ui/package.json")
fi

if chromium=$(scripts/find_browser.sh); then
    export TRACKRECORD_CHROMIUM=$chromium
else
    remarks+=("skipped: browser tests, because there is no Chromium ('make browser' says why)")
fi

for remark in "${remarks[@]+"${remarks[@]}"}"; do
    echo "== $remark"
done
echo "== pytest"
.venv/bin/python -m pytest "$@" || status=1
exit $status
