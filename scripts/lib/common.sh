# shellcheck shell=bash disable=SC2034,SC2154
# What scripts/setup, run and test share: messages (all on stderr, so that a program's stdout stays clean), folders,
# and running a long command quietly with its log kept. Sourced, never run; the caller sets `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_root=$root/build
# oneDNN lives in the user's cache, so that every clone shares one download or 20-minute build.
# DOWNSCALEXR_CACHE names another place (tests use it).
cache=${DOWNSCALEXR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/downscalexr}
self=scripts/$(basename "$0")

say() { printf '%s: %s\n' "$self" "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# Cores this process may use, but no more compilers than memory holds (1 GiB each; oneDNN's own sources need no more).
build_jobs() {
  local cores gib
  cores=$(nproc)
  gib=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 2)
  if ((gib < 1)); then gib=1; fi
  echo $((cores < gib ? cores : gib))
}

# One builder at a time in this clone; a second call waits. Descriptor 9 is closed before a program is started.
lock_build() {
  { mkdir -p "$build_root" && [[ -w $build_root ]] && : >>"$build_root/.lock"; } 2>/dev/null ||
    die "cannot write to $build_root: make it writable, or clone the repository into a folder of yours"
  exec 9>>"$build_root/.lock"
  if command -v flock >/dev/null && ! flock -n 9; then
    say "waiting for another build of this clone to end"
    flock 9
  fi
}
unlock_build() { exec 9>&-; }

# run_logged LOG WHAT COMMAND...: the command with all output in LOG; on failure the end of the log is shown.
run_logged() {
  local log=$1 what=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    { grep -m1 -A25 -E '^CMake Error' "$log" || tail -n 25 "$log"; } >&2
    say "$what failed; the whole log is $log"
    return 1
  fi
}

# run_ninja DIR WHAT TARGET...: one changing line on a terminal, a line every half minute elsewhere, nothing at all
# when nothing had to be built. The log is DIR/build.log; a failure shows the compiler's words.
run_ninja() {
  local dir=$1 what=$2 log=$1/build.log started=$SECONDS shown=0 last=$SECONDS line codes
  shift 2
  set +e
  NINJA_STATUS='[%f/%t] ' ninja -C "$dir" -j "$(build_jobs)" "$@" 2>&1 </dev/null | tee "$log" | (
    while IFS= read -r line; do
      case $line in \[*/*\]\ Building* | \[*/*\]\ Linking*) ;; *) continue ;; esac
      line=${line%%]*}
      if [[ -t 2 ]]; then
        printf '\r\033[K%s: building %s %s' "$self" "$what" "${line#[}" >&2
      elif ((shown == 0 || SECONDS - last >= 30)); then
        say "building $what ${line#[}"
        last=$SECONDS
      fi
      shown=1
    done
    ((shown == 0)) || { [[ ! -t 2 ]] || printf '\r\033[K' >&2; }
    exit "$shown"
  )
  codes=("${PIPESTATUS[@]}")
  set -e
  if ((codes[0] != 0)); then
    { grep -m1 -A60 -E '^CMake Error|^FAILED:|^ninja: error' "$log" || tail -n 30 "$log"; } >&2
    say "building $what failed; the whole log is $log"
    return 1
  fi
  ((codes[2] == 0)) || say "built $what in $((SECONDS - started)) s"
}
