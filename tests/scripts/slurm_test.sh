#!/usr/bin/env bash
# A sweep of 12 cells through a real SLURM of this machine's own (one node, two CPUs, on the loopback interface): one job is
# cancelled, the node's daemon is killed and started again, the controller is stopped and started. It ends, and every cell's numbers
# are those of a sweep without a cluster.
# usage: slurm_test.sh STUDY   (the built program)
set -euo pipefail
study=$(realpath "$1")
# Another Snakemake, e.g. of a virtual environment, with words of its own: an executor that asks squeue, since this SLURM keeps
# no accounts.
snakemake=${DOWNSCALEXR_SNAKEMAKE:-snakemake}
read -ra more_flags <<<"${DOWNSCALEXR_SNAKEMAKE_FLAGS:-}"
workflows=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/workflows
skip() {
  echo "skipped: $*"
  exit 77 # ctest: skipped
}
PATH=$PATH:/usr/sbin
for program in "$snakemake" munged slurmctld slurmd sbatch; do
  command -v "$program" >/dev/null ||
    skip "$program is not installed (apt-get install --no-install-recommends snakemake slurmctld slurmd slurm-client munge)"
done
((EUID == 0)) || skip "slurmd starts jobs as other users, and needs root"

work=$(mktemp -d)
chmod 755 "$work" # munged refuses a socket in a folder that nobody may enter
export HOME=$work/home XDG_CACHE_HOME=$work/cache SLURM_CONF=$work/slurm.conf OMP_WAIT_POLICY=passive
mkdir -p "$HOME" "$work"/{bin,munge,state,spool,log}
pids=()
cleanup() {
  scancel --user=root 2>/dev/null || true
  ((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2>/dev/null || true
  pkill -KILL -f "slurmstepd.*$work" 2>/dev/null || true
  sleep 0.2
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  printf 'FAILED: %s\n' "$*" >&2
  tail -n 30 "$work"/log/* "$work"/snakemake.log "$work"/cluster/logs/* >&2 2>/dev/null || true
  find "$work/.snakemake/slurm_logs" -name '*.log' -exec tail -n 20 {} + >&2 2>/dev/null || true
  exit 1
}

# A port pair that nobody listens on.
port=$((20000 + RANDOM % 20000))
host=$(uname -n)
cat >"$SLURM_CONF" <<END
ClusterName=downscalexr
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
MpiDefault=none
SlurmdTimeout=30
MinJobAge=300
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP
END
# Snakemake's executor takes SLURM's variables away from its jobs, which on a cluster find /etc/slurm.
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$work/bin/srun"
chmod +x "$work/bin/srun"
export PATH=$work/bin:$PATH
head -c 1024 /dev/urandom >"$work/munge/key"
chmod 700 "$work/munge" && chmod 400 "$work/munge/key"
start_munge() {
  munged --force --foreground --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --log-file="$work/log/munged" --seed-file="$work/munge/seed" >"$work/log/munged.out" 2>&1 &
  pids+=($!)
}
start_controller() {
  slurmctld -D >>"$work/log/slurmctld" 2>&1 &
  controller=$!
  pids+=("$controller")
}
start_node() {
  slurmd -D -N node1 >>"$work/log/slurmd" 2>&1 &
  node=$!
  pids+=("$node")
}
# wait_until SECONDS WHAT COMMAND...
wait_until() {
  local ends=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < ends)) || fail "in vain: waited for $what"
    sleep 0.2
  done
}
node_is_idle() { sinfo --noheader --format=%T | grep -q idle; }
start_munge
wait_until 10 "munged" test -S "$work/munge/socket"
start_controller
start_node
wait_until 60 "an idle node" node_is_idle

cd "$work"
flags="--variants avgpool,maxpool,strided --seeds 4 --no-latency --no-page --no-mechanism --no-shift --resamples 100 --size 48 --batch 16"
flags+=" --synthetic-train 192 --synthetic-val 32 --synthetic-test 32 --epochs 6 --threads 1"
"$snakemake" -s "$workflows/Snakefile" --profile "$workflows/slurm" --latency-wait 20 "${more_flags[@]}" --config study="$study" out=cluster flags="$flags" \
  >snakemake.log 2>&1 &
workflow=$!
pids+=("$workflow")

job_runs() { [[ -n $(running_cell) ]]; }
running_cell() { squeue --noheader --states=R --format=%i | head -n 1; }
ended() { [[ $(find cluster/workflow -maxdepth 1 -name '*.done' 2>/dev/null | wc -l) -ge $1 ]]; }
alive() { kill -0 "$workflow" 2>/dev/null || fail "the workflow ended early"; }

wait_until 120 "a job that runs" job_runs
scancel "$(running_cell)"
wait_until 120 "3 cells" ended 3
alive
wait_until 60 "a job that runs" job_runs
kill -KILL "$node"
sleep 2
start_node
wait_until 180 "6 cells after the node's daemon was killed" ended 6
alive
kill -TERM "$controller" # which saves its state; killed, it would know jobs as they were some seconds ago
wait "$controller" || true
sleep 2
start_controller
# A node whose jobs the controller finds unlike its own records is drained until somebody resumes it.
deadline=$((SECONDS + 300))
while kill -0 "$workflow" 2>/dev/null; do
  ((SECONDS < deadline)) || fail "in vain: waited for the end of the workflow"
  if sinfo --noheader --format=%T 2>/dev/null | grep -q drain; then scontrol update nodename=node1 state=resume || true; fi
  sleep 1
done
wait "$workflow" || fail "the workflow failed"
grep -q 'On test, over seeds' cluster/logs/compare.log || fail "the workflow did not end in the comparison"
test -e cluster/workflow/stages/swap.done || fail "swap was no job"

# The same without a cluster.
# shellcheck disable=SC2086 # flags are words
"$study" compare $flags --no-swap --out alone >alone.log 2>&1 || fail "study compare failed"
/usr/bin/python3 - cluster alone <<'END' || fail "cells differ"
import json, pathlib, sys
def figures(root):
    cells = {}
    for path in sorted(pathlib.Path(root, "cells").glob("*/summary.json")):
        summary = json.loads(path.read_text())
        assert summary["status"] == "finished", path
        cells[path.parent.name] = summary["best"]
    return cells
with_cluster, without = figures(sys.argv[1]), figures(sys.argv[2])
assert len(without) == 12, sorted(without)
assert with_cluster == without, [name for name in without if with_cluster.get(name) != without[name]]
END
echo "12 cells through SLURM, with a cancelled job, a killed node daemon and a restarted controller: equal to the sweep without"
