#!/usr/bin/env bash
# Predict with a released model; generate paired videos, train STAF on them, test
# it and draw what it saw.
# Run again, it resumes or skips what is done.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec "$python" tools/quickstart.py "$@"
