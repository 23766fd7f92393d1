# shellcheck shell=bash disable=SC2034,SC2154
# Libraries of arm64, for cross-building: packages of a newer Debian, unpacked into a folder of the user's cache. It is
# the newer one because that has oneDNN 3 for arm64 as a package; none of its programs is ever run. Sourced by
# scripts/setup and scripts/test, after common.sh and packages.sh.

arm64_suite=trixie
arm64_sysroot=$cache/arm64-$arm64_suite # cmake/toolchains/arm64.cmake knows this place
# What a compiler needs and this machine's own do not give; libraries: the table of packages.
arm64_extra=(libc6-dev libstdc++-14-dev libdnnl-dev)

# Names of the table's libraries: what is no program of the build machine.
arm64_libraries() {
  printf '%s\n' "${packages[@]%% *}" | grep -E '^(lib|nlohmann|zlib|systemtap)'
  printf '%s\n' "${arm64_extra[@]}"
}

# The archive that this machine's own apt reads.
debian_archive() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
    awk -v codename="$codename" '$1 == "Packages" && $2 == codename && $3 == "main" {print $4; exit}'
}

# setup_arm64: compiler, emulator and the folder of libraries; a moment when all is there.
setup_arm64() {
  local archive work
  packages_are_skipped && {
    say "--target arm64 takes Debian's packages, and this clone takes its libraries from elsewhere (--skip-packages)"
    return 1
  }
  install_packages "${packages_for_arm64[@]}" || return 1
  [[ ! -e $arm64_sysroot/usr/lib/aarch64-linux-gnu/cmake/dnnl ]] || return 0
  archive=$(debian_archive)
  if [[ -z $archive ]]; then
    run_logged "$build_root/apt.log" "apt-get update" apt_get update || return 1
    archive=$(debian_archive)
  fi
  [[ -n $archive ]] || {
    say "--target arm64 needs a Debian machine: apt here knows no archive of this release"
    return 1
  }
  mkdir -p "$cache" || return 1
  work=$(mktemp -d "$cache/.arm64.XXXXXX")
  say "getting Debian $arm64_suite's libraries for arm64 (about 300 MB, a minute)"
  # mmdebstrap: apt resolves what the libraries need, with signatures; `extract` runs nothing of the
  # other CPU's, and chrootless needs no root.
  if ! run_logged "$build_root/arm64.log" "getting arm64's libraries" mmdebstrap --mode=chrootless --architectures=arm64 \
    --variant=extract --aptopt='APT::Install-Recommends "false"' \
    --include="$(arm64_libraries | paste -sd,)" "$arm64_suite" "$work" "$archive"; then
    rm -rf "$work"
    return 1
  fi
  [[ -e $work/lib ]] || ln -s usr/lib "$work/lib" # what installing base-files would have done
  rm -rf "$arm64_sysroot"
  mv -T "$work" "$arm64_sysroot"
}
