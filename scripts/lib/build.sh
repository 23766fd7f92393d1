# shellcheck shell=bash disable=SC2034,SC2154
# Configuring a preset against the chosen oneDNN and building targets of it. Sourced by scripts/run, test and
# profile, after common.sh, packages.sh and onednn.sh.

# ensure_setup [ONEDNN]: a few milliseconds when all is there, scripts/setup otherwise. With ONEDNN: that one, for this
# call only.
ensure_setup() {
  local missing=""
  packages_are_skipped || missing=$(missing_packages "${packages[@]}")
  if [[ -n $missing ]] || ! read_onednn_record; then
    "$root/scripts/setup" --quiet || exit
    read_onednn_record || die "scripts/setup ended without a oneDNN: see its messages above"
  fi
  if [[ -n ${1:-} && $1 != "$onednn_kind" ]]; then
    choose_onednn "$1" || exit
  fi
}

# build_dir_of PRESET: build/release for the default oneDNN, build/release-source for another.
build_dir_of() { if [[ $1 == arm64 ]]; then echo "$build_root/arm64"; else echo "$build_root/$1$(onednn_build_suffix)"; fi; }

# ensure_configured PRESET DIR: CMake runs when it never did, or did for another oneDNN. (ninja reruns it for the rest.)
ensure_configured() {
  local preset=$1 dir=$2
  if [[ $preset == arm64 ]]; then # has a oneDNN of its own
    [[ -e $dir/build.ninja ]] || run_logged "$dir/configure.log" "configuring $preset" env -C "$root" cmake --preset "$preset"
    return
  fi
  if [[ -e $dir/build.ninja ]] && grep -qxF "dnnl_DIR:PATH=$onednn_config" "$dir/CMakeCache.txt"; then return 0; fi
  run_logged "$dir/configure.log" "configuring $preset" \
    env -C "$root" cmake --preset "$preset" -B "$dir" "-Ddnnl_DIR:PATH=$onednn_config"
}

# A program is a source file named <program>_main.cpp in one of the folders.
programs() {
  local file
  for file in "$root"/*/*_main.cpp; do
    [[ ! -e $file ]] || basename "$file" _main.cpp
  done
}

# build_program PRESET ONEDNN PROGRAM: everything up to an up-to-date $program_file; exits with one line where that fails.
build_program() {
  local preset=$1 onednn=$2 program=$3 dir
  # (Not `programs | grep -q`: grep stops reading at the first match, and pipefail takes that for a failure.)
  if [[ $'\n'$(programs)$'\n' != *$'\n'$program$'\n'* ]]; then
    say "there is no program '$program'. Programs: $(programs | tr '\n' ' ')"
    exit 2
  fi
  case $preset in release | debug | asan) ;; *) die "--preset $preset: not one of release, debug, asan" ;; esac
  ensure_setup "$onednn"
  dir=$(build_dir_of "$preset")
  lock_build
  ensure_configured "$preset" "$dir" || exit 1
  run_ninja "$dir" "$program" "$program" || exit 1
  unlock_build
  program_file=$dir/bin/$program
}
