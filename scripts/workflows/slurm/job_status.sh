#!/usr/bin/env bash
# What Snakemake 7 asks a profile: one word, running, success or failed, for the job whose number is given. The controller
# remembers ended jobs for some minutes (MinJobAge); where it is away for a moment, the job counts as running.
set -uo pipefail
job=${1##* }
for ((try = 0; try < 30; try++)); do
  if said=$(scontrol --oneliner show job "$job" 2>&1); then
    state=$(sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p' <<<"$said" | head -n 1)
    break
  fi
  # Forgotten by the controller: accounting knows it, where there is any.
  if [[ $said == *"Invalid job id"* ]]; then
    state=$(sacct --noheader --parsable2 --allocations --format=State --jobs="$job" 2>/dev/null | head -n 1)
    state=${state%% *}
    break
  fi
  sleep 2
done
case ${state:-} in
  COMPLETED) echo success ;;
  BOOT_FAIL | CANCELLED | DEADLINE | FAILED | NODE_FAIL | OUT_OF_MEMORY | PREEMPTED | TIMEOUT) echo failed ;;
  "") if [[ ${said:-} == *"Invalid job id"* ]]; then echo failed; else echo running; fi ;;
  *) echo running ;;
esac
