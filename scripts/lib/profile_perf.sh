# shellcheck shell=bash disable=SC2154
# Linux perf's part of scripts/profile: recording, merging what oneDNN wrote about its generated kernels, and the table.
# Sourced by scripts/profile, whose options it reads.

unsupported() {
  say "$*"
  exit 5
}

# check_perf: perf is there, may be used, and $event is one that this machine samples.
check_perf() {
  local log level
  if ! command -v perf >/dev/null; then
    install_packages "${packages_for_profile[@]}" || exit 5
    hash -r
    command -v perf >/dev/null || unsupported "perf is not installed (Debian: linux-perf, Ubuntu: linux-tools-generic)"
  fi
  if [[ -z $event ]]; then
    event=cycles
    log=$(perf stat -x, -e cycles:u -- true 2>&1) || true
    if [[ $log == *"not supported"* || $log == *"not counted"* || $log != *cycles* ]]; then
      event=cpu-clock
      say "no hardware counter for cycles here: sampling the software clock (cpu-clock)"
    fi
  fi
  if ! log=$(perf record -e "$event" -o /dev/null -- true 2>&1); then
    level=$(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null || echo missing)
    if [[ $level == missing ]]; then unsupported "this kernel has no perf events (or a container hides them)"; fi
    if ((EUID != 0 && level > 2)); then
      unsupported "perf is not permitted: kernel.perf_event_paranoid is $level; as root: sysctl kernel.perf_event_paranoid=2"
    fi
    unsupported "perf cannot record $event: $(grep -m1 -iE 'error|permi|fail|support|unknown' <<<"$log" || tail -n1 <<<"$log")"
  fi
  ((regions == 0)) || check_regions
}

# record_with_perf PROGRAM ARGUMENTS...: sets $status to the program's. Ctrl-C ends the program, not the profile.
record_with_perf() {
  local events=(-F "$frequency" -e "$event")
  ((regions == 0)) || add_region_events "$1"
  trap : INT
  status=0
  # 6: oneDNN writes both /tmp/perf-PID.map and a jitdump under JITDUMPDIR, whose clock is perf's with -k mono.
  ONEDNN_JIT_PROFILE=6 JITDUMPDIR=$out/jit \
    perf record -q -N -k mono -g --call-graph fp "${events[@]}" -o "$out/perf.data" -- "$@" || status=$?
  trap - INT
  [[ -s $out/perf.data ]] || die "perf recorded nothing; the program ended with $status"
}

# rows DATA: overhead, shared object and symbol of every row, separated by tabs, in descending order.
rows() {
  perf report --stdio --no-children -g none -F overhead,dso,symbol -t $'\t' -i "$1" 2>>"$out/perf.log" |
    sed -n 's/^ *\([0-9.]*%\) *\t/\1\t/p'
}

# merge_jitdump: gives the samples in generated code their names, by the jitdump or else by the map. Sets $names.
merge_jitdump() {
  local map dump
  names="no generated kernel was sampled"
  if perf inject --jit -i "$out/perf.data" -o "$out/merged.data" >>"$out/perf.log" 2>&1 &&
    rows "$out/merged.data" >"$out/rows.txt" && grep -qP '\tjitted-\d+-\d+\.so *\t' "$out/rows.txt"; then
    mv "$out/merged.data" "$out/perf.data"
    names="generated kernels by oneDNN's jitdump"
    # The map was only there in case of need.
    while IFS= read -r dump; do
      map=$(basename "$dump" .dump)
      rm -f "/tmp/perf-${map#jit-}.map"
    done < <(find "$out/jit" -name 'jit-*.dump')
    return
  fi
  rm -f "$out/merged.data"
  rows "$out/perf.data" >"$out/rows.txt"
  if grep -qP '\t(\[JIT\] tid \d+|perf-\d+\.map) *\t' "$out/rows.txt"; then
    names="generated kernels by /tmp/perf-PID.map (this perf did not merge the jitdump)"
  fi
}

# table: the first rows, with names cut to the width of a terminal; the files have them whole.
table() {
  printf '%8s  %-22s  %s\n' share object symbol
  awk -F'\t' -v top="$top" 'NR <= top {
    gsub(/^ +| +$/, "", $2); gsub(/ +$/, "", $3)
    if (length($3) > 100) $3 = substr($3, 1, 97) "..."
    printf "%8s  %-22s  %s\n", $1, substr($2, 1, 22), $3 }' "$out/rows.txt"
}

profile_with_perf() {
  mkdir -p "$out/jit"
  out=$(realpath "$out")
  printf '%s\n' "scripts/profile perf --event $event --frequency $frequency -- $program ${*:2}" \
    "$(perf --version), kernel $(uname -r), oneDNN ${onednn_version:-unknown}, commit $(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)" \
    >"$out/command.txt"
  record_with_perf "$@"
  merge_jitdump
  perf report --stdio --no-children -g caller -i "$out/perf.data" >"$out/callers.txt" 2>>"$out/perf.log" || true
  {
    head -n1 "$out/command.txt"
    echo "samples of $event at $frequency Hz, all threads; $names"
    table
    ((regions == 0)) || region_table
  } | tee "$out/profile.txt"
  ((status == 0)) || say "the program ended with $status"
  say "the profile is in $out: profile.txt, rows.txt, callers.txt, perf.data (perf report -i $out/perf.data)"
  exit "$status"
}
