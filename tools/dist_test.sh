#!/usr/bin/env bash
# dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
# dist_test.sh NAME GPUS [arguments of tools/test.py]: a released model
# On a machine without GPUs the processes run on CPU (gloo).
set -euo pipefail
number='^[0-9]+$'
if [[ ${2:-} =~ $number ]]; then
    model=("$1") processes=$2
    shift 2
elif [[ ${3:-} =~ $number ]]; then
    model=("$1" "$2") processes=$3
    shift 3
else
    echo "usage: $0 CONFIG CHECKPOINT GPUS [arguments], or $0 NAME GPUS" >&2
    exit 2
fi
python -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    "$(dirname "${BASH_SOURCE[0]}")/test.py" "${model[@]}" \
    --launcher pytorch "$@"
