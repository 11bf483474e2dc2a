# Sourced by quickstart.sh and run_tests.sh: enters the repository and makes
# .venv with everything in it, or reuses the one that is there.
#   PYTHON  interpreter to make it with (3.10 to 3.12; found by itself)
#   TORCH   what to install as PyTorch (default: torch==2.13.0)
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.11 python3.12 python3.10 python3}; do
        if "$candidate" -c 'import sys; sys.exit(
                not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo 'error: mmbimodal needs Python 3.10, 3.11 or 3.12: install one, or' \
         'name it as PYTHON=/path/to/python' >&2
    return 1
}

python=$PWD/.venv/bin/python
# Changes whenever the requirements do.
stamp=.venv/installed-$(cksum < pyproject.toml | cut -d ' ' -f 1)
if [ ! -x "$python" ]; then
    "$(find_python)" -m venv .venv
fi
if [ ! -e "$stamp" ]; then
    echo 'installing mmbimodal into .venv'
    # PyTorch first: left to pip, another build of it may come along.
    "$python" -c 'import torch' 2>/dev/null ||
        "$python" -m pip install --quiet "${TORCH:-torch==2.13.0}"
    # A compiled mmcv stays: mmcv-lite would overwrite its files.
    extras=tests,lite
    if "$python" -m pip show --quiet mmcv 2>/dev/null; then
        extras=tests
    fi
    "$python" -m pip install --quiet --editable ".[$extras]"
    touch "$stamp"
fi
