# shellcheck shell=bash disable=SC2154
# Intel VTune's part of scripts/profile. oneDNN tells VTune the names of its generated kernels by itself
# (ONEDNN_JIT_PROFILE=1) and marks each primitive as a task; kernels/onednn/region.cpp marks each step where VTune's SDK was
# there when CMake ran.

# The processor's counters are a device of the kernel's: a virtual machine often has none.
has_cpu_counters() {
  local device
  for device in /sys/bus/event_source/devices/{cpu,cpu_core,armv8*}; do
    [[ ! -e $device ]] || return 0
  done
  return 1
}

# VTune's lines are worth having without VTune, so nothing is refused here.
check_vtune() {
  if [[ -z $sampling ]]; then
    if has_cpu_counters; then sampling=hw; else sampling=sw; fi
  fi
}

profile_with_vtune() {
  local collect report
  collect=(vtune -collect hotspots -knob "sampling-mode=$sampling" -knob enable-stack-collection=true -result-dir "$out" -- "$@")
  report=(vtune -report hotspots -result-dir "$out" -limit "$top")
  if [[ $sampling == sw ]]; then # user-mode sampling always collects stacks, and has no such knob
    collect=(vtune -collect hotspots -knob sampling-mode=sw -result-dir "$out" -- "$@")
  fi
  if ! command -v vtune >/dev/null; then
    say "vtune is not on PATH (\`. /opt/intel/oneapi/setvars.sh\` puts it there). The lines to run:"
    {
      printf 'export ONEDNN_JIT_PROFILE=1\n'
      printf '%s\n' "${collect[*]@Q}" "${report[*]@Q} -group-by function" "${report[*]@Q} -group-by task"
    } >&2
    exit 5
  fi
  mkdir -p "$(dirname "$out")"
  ONEDNN_JIT_PROFILE=1 "${collect[@]}"
  "${report[@]}" -group-by function
  "${report[@]}" -group-by task
  say "the profile is in $out: open it with vtune-gui"
}
