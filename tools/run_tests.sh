#!/usr/bin/env bash
# Run the tests in two processes; arguments go to pytest (-n 0: in one).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
# Two processes with two threads each get in each other's way.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
exec "$python" -m pytest -n 2 "$@"
