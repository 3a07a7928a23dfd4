#!/usr/bin/env bash
# Print a Python of version 3.11 or later that can make a virtual environment.
# Each candidate is run, not only looked up: `python3.12` may be a shim of a version manager that has no 3.12.
set -euo pipefail
for python in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 python; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$python"
        exit 0
    fi
done
echo "lognb needs Python 3.11 or later with venv (Debian: apt-get install python3 python3-venv); or name one: make PYTHON=/path/to/python" >&2
exit 1
