#!/usr/bin/env bash
# Makes .venv and installs this checkout into it, editable.
#
#   scripts/make_venv.sh demo    what `make demo` needs
#   scripts/make_venv.sh dev     that, and everything for tests and checks
#
# Uses uv where it is on PATH, else `python3 -m venv` and pip. PYTHON=... chooses another interpreter.
# The page is not built here (`make ui` does that), so that this step needs no Node.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=${1:?say what for: demo or dev}
python=${PYTHON:-python3}
export TRACKRECORD_BUILD_UI=skip
export PIP_DISABLE_PIP_VERSION_CHECK=1

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

if [ ! -x .venv/bin/python ] || ! is_new_enough .venv/bin/python; then
    if is_new_enough "$python"; then
        if command -v uv >/dev/null; then
            uv venv --quiet --clear --python "$python" .venv
        elif ! "$python" -m venv --clear .venv; then
            rm -rf .venv
            echo "error: '$python -m venv' failed (its own message is above)." >&2
            echo "       On Debian and Ubuntu: apt-get install python3-venv. Or install uv, which needs none of it." >&2
            exit 1
        fi
    elif [ -z "${PYTHON:-}" ] && command -v uv >/dev/null; then
        uv venv --clear --python '>=3.10' .venv
    else
        found="not there"
        if command -v "$python" >/dev/null; then found=$("$python" --version 2>&1 || true); fi
        echo "error: Trackrecord needs Python 3.10 or newer, but '$python' is ${found:-not a working Python}." >&2
        echo "       Name another one, for instance: make PYTHON=python3.12 venv" >&2
        exit 1
    fi
fi

case $wanted in
    demo) what=(--editable '.[demo]') ;;
    dev) what=(--editable '.[demo,pandas,polars,arrow]' --group dev) ;;
    *) echo "error: unknown '$wanted'; say demo or dev." >&2; exit 1 ;;
esac

echo "venv: installing packages for $wanted into .venv"
if command -v uv >/dev/null; then
    uv pip install --quiet --python .venv/bin/python "${what[@]}"
else
    # uv makes environments without pip; this one may be from a time when uv was there.
    .venv/bin/python -c 'import pip' 2>/dev/null || .venv/bin/python -m ensurepip >/dev/null
    # Dependency groups (PEP 735) came with pip 25.1.
    .venv/bin/python -c 'import sys, pip; sys.exit(tuple(map(int, pip.__version__.split(".")[:2])) < (25, 1))' ||
        .venv/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
    .venv/bin/python -m pip install --quiet "${what[@]}"
fi
