#!/usr/bin/env bash
# The example workflow runs a sweep's cells, resumes where one was stopped, and ends in what study compare makes.
# usage: workflow_test.sh STUDY   (the built program)
set -euo pipefail
study=$(realpath "$1")
snakefile=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/workflows/Snakefile
if ! command -v snakemake >/dev/null; then
  echo "skipped: snakemake is not installed (scripts/setup --dev, or apt-get install snakemake)"
  exit 77 # ctest: skipped
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home XDG_CACHE_HOME=$work/cache
mkdir -p "$HOME"
cd "$work"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  tail -n 40 "$work"/log* "$work"/sweep*/logs/* >&2 || true
  exit 1
}
flags="--variants avgpool,strided --no-latency --no-page --resamples 100 --seeds 2 --size 32 --synthetic-train 64 --synthetic-val 32"
flags+=" --synthetic-test 32 --batch 16 --epochs 3"
workflow() { snakemake -s "$snakefile" -j 2 --config study="$study" out="sweep it" flags="$flags"; }

# One cell is partly there already, as if its job had been killed after two of its three epochs.
# shellcheck disable=SC2086 # flags are words
"$study" train --variant strided --seed 2 ${flags#*--seeds 2} --threads 1 --progress none --latency=false \
  --out "sweep it/cells" --name strided-seed2-clean >log0 2>&1 &
first=$!
for ((tick = 0; tick < 1000; tick++)); do
  if grep -qs '^epoch 1/3' log0; then break; fi
  sleep 0.01
done
kill -KILL "$first" 2>/dev/null || true
wait "$first" 2>/dev/null || true

workflow >log1 2>&1 || fail "the workflow failed"
for cell in avgpool-seed1-clean avgpool-seed2-clean strided-seed1-clean strided-seed2-clean; do
  grep -q '"status": "finished"' "sweep it/cells/$cell/summary.json" || fail "$cell is not finished"
done
if grep -q '^epoch 1/3' log0 && ! grep -q '^epoch 3/3' log0; then
  grep -q '^resuming after epoch' "sweep it/logs/strided-seed2-clean.log" || fail "the killed cell began anew"
fi
grep -q 'On test, over seeds' log1 || fail "the workflow did not end in the comparison"
before=$(stat -c '%Y.%y' "sweep it"/cells/*/summary.json)
# shellcheck disable=SC2086
"$study" compare $flags --out "sweep it" >log2 2>&1 || fail "study compare does not take the workflow's cells"
grep -q '4 cells of 3 epochs, 4 finished' log2 || fail "study compare would run the workflow's cells again"
[[ $(stat -c '%Y.%y' "sweep it"/cells/*/summary.json) == "$before" ]] || fail "a finished cell ran again"
