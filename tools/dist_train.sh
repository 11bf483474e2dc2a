#!/usr/bin/env bash
# dist_train.sh CONFIG GPUS [arguments of tools/train.py]
# On a machine without GPUs the processes run on CPU (gloo).
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 CONFIG GPUS [arguments]" >&2; exit 2; }
config=$1 processes=$2
shift 2
python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    "$(dirname "${BASH_SOURCE[0]}")/train.py" "$config" \
    --launcher pytorch "$@"
