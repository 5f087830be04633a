#!/usr/bin/env bash
# Prints the path of a Chromium for the browser tests; with --install, gets Debian's if there is none and we are root.
# Where there is none it says why, on stderr, and ends with 1. TRACKRECORD_CHROMIUM=PATH overrides the search.
set -euo pipefail

find_one() {
    if [ -n "${TRACKRECORD_CHROMIUM:-}" ]; then
        [ -x "$TRACKRECORD_CHROMIUM" ] && echo "$TRACKRECORD_CHROMIUM" && return
        echo "browser: TRACKRECORD_CHROMIUM is '$TRACKRECORD_CHROMIUM', which is no program" >&2
        exit 1
    fi
    local candidate found
    for candidate in /usr/bin/chromium chromium google-chrome \
        '/Applications/Chromium.app/Contents/MacOS/Chromium' \
        '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'; do
        found=$(command -v "$candidate") && [ -x "$found" ] && echo "$found" && return
    done
    return 1
}

find_one && exit 0
[ "${1:-}" = --install ] || { echo "browser: no Chromium found (looked in /usr/bin and on PATH)" >&2; exit 1; }

if ! command -v apt-get >/dev/null; then
    echo "browser: no Chromium found, and no apt-get to install it with; install Chromium by hand" >&2
    exit 1
fi
if [ "$(id -u)" != 0 ]; then
    echo "browser: no Chromium found, and only root may run: apt-get install chromium fonts-dejavu-core" >&2
    exit 1
fi
echo "browser: installing Debian's chromium (once)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1; then
    echo "browser: apt-get could not install chromium; the end of what it said:" >&2
    tail -n 5 "$log" >&2
    exit 1
fi
find_one
