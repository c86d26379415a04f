#!/bin/sh
# Measures what docs/benchmarks/h200.md lists and writes it to the folder $1. From the root of a clone, after `make setup`:
#
#     sh docs/benchmarks/h200.sh runs/h200
#
# Smaller, for another machine, to see that it works:
#
#     LARGE=96x96 SMALL=64x64 STEPS=2 ROUNDS=1 LEVELS=none WEIGHTS="--layers 1 --dim 128" \
#         sh docs/benchmarks/h200.sh runs/small
set -eu
out=$1
mkdir -p "$out"
LARGE=${LARGE:-1024x1024}; SMALL=${SMALL:-512x512}; STEPS=${STEPS:-8}; ROUNDS=${ROUNDS:-10}
LEVELS=${LEVELS:-"none regular high"}; WEIGHTS=${WEIGHTS:-}
bench="${TINTYPE:-.venv/bin/tintype} bench"
common="--random-weights --keep --home $out/home --steps $STEPS $WEIGHTS"

accelerations=
for level in $LEVELS; do
    accelerations="$accelerations --acceleration $level"
    # shellcheck disable=SC2086
    $bench latency $common --rounds "$ROUNDS" --size "$LARGE" --size "$SMALL" --tokens 128 --acceleration "$level" \
        --json "$out/latency-$level.json"
done
# shellcheck disable=SC2086
$bench against $common --rounds "$ROUNDS" --size "$LARGE" --tokens 128 $accelerations \
    --peer diffusers-bf16 --peer diffusers-compiled --peer sglang --peer vllm-omni --json "$out/against.json"
for clients in 1 4; do
    # shellcheck disable=SC2086
    $bench throughput $common --size "$SMALL" --clients "$clients" --requests $((ROUNDS * 4)) \
        --json "$out/throughput-$clients.json"
done
rm -r "$out/home"
"${PYTHON:-.venv/bin/python}" docs/benchmarks/h200_bars.py "$out"
