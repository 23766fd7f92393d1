# shellcheck shell=bash disable=SC2034,SC2154
# The steps of a network in a perf profile: kernels/onednn/region.cpp's static probes, switched on for one recording. Sourced by
# scripts/profile.

tracefs=/sys/kernel/tracing
region_group=downscalexr_$$

# perf mounts tracefs where it is missing.
check_regions() {
  [[ $event =~ ^[a-zA-Z-]+(:[ukpP]+)?$ ]] || die "--regions goes with an --event such as cycles, cycles:u or cpu-clock"
  ((EUID == 0)) || unsupported "--regions needs root (the kernel sets the probes): run it with sudo"
  perf probe -l >/dev/null 2>&1 && [[ -w $tracefs/uprobe_events ]] ||
    unsupported "--regions: this kernel offers no uprobes (CONFIG_UPROBE_EVENTS, tracefs on $tracefs)"
}

# add_region_events PROGRAM: sets the caller's `events`. perf finds the places and registers; but it would record the
# names' addresses, so that its definitions are taken over into a group of our own, with the names read at once.
add_region_events() {
  local cache=$out/buildid log definitions probe
  perf --buildid-dir "$cache" buildid-cache --add "$1" 2>>"$out/perf.log"
  for probe in step_begin step_end; do
    log=$(perf --buildid-dir "$cache" probe --add "sdt_downscalexr:$probe" 2>&1) ||
      unsupported "--regions: $(basename "$1") has no probe $probe; was systemtap-sdt-dev there when CMake ran? $(tail -n1 <<<"$log")"
  done
  definitions=$(grep ':sdt_downscalexr/' "$tracefs/uprobe_events")
  perf probe -q -d 'sdt_downscalexr:*'
  rm -rf "$cache"
  trap remove_region_events EXIT
  sed -e "s|:sdt_downscalexr/|:$region_group/|" -e 's/=\([^ ]*\):[us]64/=+0(\1):ustring/g' <<<"$definitions" |
    while IFS= read -r probe; do echo "$probe" >>"$tracefs/uprobe_events"; done
  # -F would thin out the probes as well; as a term it is the one event's alone.
  local modifier=${event#"${event%%:*}"}
  events=(-e "${event%%:*}/freq=$frequency/${modifier#:}" -e "$region_group:*")
}

remove_region_events() {
  perf probe -q -d "$region_group:*" 2>/dev/null || true
}

# region_table: time and samples of each step. A sample of any thread belongs to the step that is open when it is
# taken: one thread drives the steps, the others work for it.
region_table() {
  perf script -G -F tid,time,event,trace -i "$out/perf.data" 2>>"$out/perf.log" >"$out/regions.txt"
  awk -v group="$region_group" '
    index($0, group ":step_begin") || index($0, group ":step_end") {
      split($0, word, "\""); name = word[2]; phase = word[6]; time = $2 + 0
      key = sprintf("%-32s %-9s", name, phase)
      if (index($0, ":step_begin")) { open = key; since = time; if (!(key in calls)) order[++steps] = key }
      else if (open == key) { calls[key]++; total[key] += time - since; open = "" }
      next
    }
    { samples++; if (open != "") mine[open]++; else outside++ }
    END {
      printf "%8s  %-32s %-9s %9s %10s\n", "share", "step", "phase", "calls", "mean ms"
      for (i = 1; i <= steps; ++i) {
        key = order[i]
        printf "%7.2f%%  %s %9d %10.4f\n", samples ? 100 * mine[key] / samples : 0, key, calls[key],
          calls[key] ? 1e3 * total[key] / calls[key] : 0
      }
      printf "%7.2f%%  outside of steps\n", samples ? 100 * outside / samples : 0
    }' "$out/regions.txt"
}
