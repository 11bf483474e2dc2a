#!/usr/bin/env bash
# dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
# On a machine without GPUs the processes run on CPU (gloo).
set -euo pipefail
[ $# -ge 3 ] || {
    echo "usage: $0 CONFIG CHECKPOINT GPUS [arguments]" >&2; exit 2; }
config=$1 checkpoint=$2 processes=$3
shift 3
python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    "$(dirname "${BASH_SOURCE[0]}")/test.py" "$config" "$checkpoint" \
    --launcher pytorch "$@"
