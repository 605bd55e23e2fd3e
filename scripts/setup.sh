#!/bin/sh
# Make or renew .venv from requirements/dev.txt, with this checkout installed in it. Safe to repeat and to interrupt.
set -eu
cd "$(dirname "$0")/.."

can_make_venv() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if can_make_venv "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    echo "No usable Python: 3.11 or newer with venv is needed (tried: ${PYTHON:-python3.13 python3.12 python3.11 python3})." >&2
    echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.12" >&2
    return 1
}

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@" && return
    echo "The packages could not be installed: see the lines above. Once mended, run the same command again; it goes on from here." >&2
    return 1
}

if can_make_venv .venv/bin/python; then
    echo "Renewing .venv…" >&2
else
    python=$(find_python)
    echo "Setting up .venv with $("$python" --version) (first time: a few minutes)…" >&2
    "$python" -m venv --clear .venv
fi
# The lock names everything, so nothing is resolved; modules are compiled where they are first imported, most never are.
install --require-hashes --no-deps --no-compile --requirement requirements/dev.txt
install --no-deps --no-build-isolation --editable .
if ! .venv/bin/python -m pip --disable-pip-version-check check >&2; then
    echo "The lock does not hold all that is needed (see above): renew requirements/dev.txt, then run the same command again." >&2
    exit 1
fi
touch .venv/.ready
echo "Ready." >&2
