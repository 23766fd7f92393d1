# shellcheck shell=bash disable=SC2034,SC2154
# Which oneDNN this clone builds against, and getting it: the system's, PyPI's wheel, Debian 13's source, or a folder.
# Every way ends in the folder of a CMake package; the choice is the file build/onednn (kind=, config=, version=), which
# cmake/DownScaleXROneDNN.cmake reads too. Sourced by scripts/setup and scripts/run.

onednn_wheel_version=2023.2.0
onednn_source_version=3.7.2
onednn_source_suite=trixie
onednn_record=$build_root/onednn
# Only what the kernels use (convolution's gemm fall-backs need the rest): 20 minutes on 2 cores rather than an hour.
onednn_primitives="BATCH_NORMALIZATION;BINARY;CONCAT;CONVOLUTION;ELTWISE;INNER_PRODUCT;MATMUL;POOLING;REDUCTION;REORDER;SUM"

onednn_kind="" onednn_config="" onednn_version="" onednn_refusal=""

# read_onednn_record: true when the choice of an earlier set-up is still there to be used.
read_onednn_record() {
  [[ -r $onednn_record ]] || return 1
  local key value
  while IFS='=' read -r key value; do
    case $key in kind) onednn_kind=$value ;; config) onednn_config=$value ;; version) onednn_version=$value ;; esac
  done <"$onednn_record"
  [[ -e $onednn_config/dnnl-config.cmake ]]
}

write_onednn_record() {
  printf 'kind=%s\nconfig=%s\nversion=%s\n' "$onednn_kind" "$onednn_config" "$onednn_version" >"$onednn_record.new"
  mv "$onednn_record.new" "$onednn_record"
}

# Another oneDNN, another build folder: both stay built, and results of the two can be measured in turns.
onednn_build_suffix() {
  case $onednn_kind in
    source) echo "-source" ;;
    dir) echo "-dir-$(printf %s "$onednn_config" | sha256sum | cut -c1-8)" ;;
    *) echo "" ;;
  esac
}

# probe_onednn [CMAKE_OPTION...]: would the project take the oneDNN that CMake finds? The project's own search answers.
probe_onednn() {
  local dir status=0
  dir=$(mktemp -d)
  cmake -S "$root/cmake/onednn_probe" -B "$dir" -G Ninja -DDOWNSCALEXR_IGNORE_CHOSEN_ONEDNN=ON "$@" >"$dir/log" 2>&1 || status=1
  if ((status == 0)); then
    onednn_config=$(sed -n 's/^-- config=//p' "$dir/log")
    onednn_version=$(sed -n 's/^-- version=//p' "$dir/log")
  else
    # One line out of CMake's wrapped paragraph.
    onednn_refusal=$(awk '/^CMake Error/ {on = 1; next} /^Call Stack|^--/ {on = 0} on {$1 = $1; printf "%s ", $0}' "$dir/log")
  fi
  rm -rf "$dir"
  return "$status"
}

# choose_onednn auto|wheel|source|DIR: gets it where needed and sets onednn_kind, onednn_config, onednn_version.
choose_onednn() {
  local config
  case $1 in
    auto)
      if probe_onednn; then
        onednn_kind=system
        say "using oneDNN $onednn_version of this system: $onednn_config"
        return 0
      fi
      [[ $onednn_refusal != *threading* && $onednn_refusal != *" needs "* ]] || say "not used: $onednn_refusal"
      choose_onednn wheel
      return
      ;;
    wheel)
      config=$cache/onednn/wheel-$onednn_wheel_version/lib/cmake/dnnl
      [[ -e $config/dnnl-config.cmake ]] || fetch_onednn_wheel || return 1
      onednn_kind=wheel
      ;;
    source)
      config=$cache/onednn/source-$onednn_source_version/lib/cmake/dnnl
      [[ -e $config/dnnl-config.cmake ]] || build_onednn_source || return 1
      onednn_kind=source
      ;;
    *)
      [[ -d $1 ]] || {
        say "--onednn $1: no such folder (and not one of auto, wheel, source)"
        return 1
      }
      onednn_kind=dir
      config=$(realpath "$1")
      ;;
  esac
  probe_onednn "-DCMAKE_PREFIX_PATH=$config" || {
    say "--onednn $1: $onednn_refusal"
    return 1
  }
  if [[ $onednn_config != "$config" && $onednn_config != "$config"/* ]]; then
    say "--onednn $1: holds no CMake package of oneDNN 3.2 or newer (CMake found $onednn_config instead)"
    return 1
  fi
}

# The two wheels hold a plain prefix under *.data/data. The library is in there three times (54 MB each; zip has no
# links), so two become links. The finished folder appears by one rename, or not at all.
fetch_onednn_wheel() {
  local target=$cache/onednn/wheel-$onednn_wheel_version work log=$build_root/onednn-wheel.log
  if [[ $(uname -m) != x86_64 ]]; then
    say "there is no oneDNN wheel for $(uname -m): use scripts/setup --onednn source, or --onednn DIR"
    return 1
  fi
  mkdir -p "$cache/onednn" || return 1
  say "getting oneDNN 3.2 (wheels $onednn_wheel_version) into $target"
  work=$(mktemp -d "$cache/onednn/.wheel.XXXXXX")
  if ! run_logged "$log" "making a venv" /usr/bin/python3 -m venv "$work/venv" ||
    ! run_logged "$log" "downloading oneDNN's wheels" "$work/venv/bin/pip" --disable-pip-version-check download \
      --no-deps --only-binary :all: --require-hashes --dest "$work" -r "$root/scripts/lib/onednn-wheel.txt" ||
    ! run_logged "$log" "unpacking oneDNN's wheels" /usr/bin/python3 "$root/scripts/lib/unpack_wheels.py" "$work/prefix" "$work"/*.whl; then
    rm -rf "$work"
    say "where PyPI cannot be reached, scripts/setup --onednn source builds Debian's, and --onednn DIR takes one you have"
    return 1
  fi
  # Lost a race against another clone: theirs is the same.
  mv -T "$work/prefix" "$target" 2>/dev/null || [[ -e $target/lib/cmake/dnnl/dnnl-config.cmake ]] || {
    rm -rf "$target"
    mv -T "$work/prefix" "$target"
  }
  rm -rf "$work"
}

# Debian's source of the newer release, through an apt configuration of our own that is derived from this machine's
# sources: same archive, other suite, deb-src. Nothing of the system's apt is changed. An interrupted build goes on
# where it was; the finished folder appears by one rename.
build_onednn_source() {
  local target=$cache/onednn/source-$onednn_source_version work=$cache/onednn/.source-$onednn_source_version.work
  install_packages "${packages_for_source[@]}" || return 1
  mkdir -p "$work" || return 1
  (
    flock -n 8 || {
      say "waiting for another build of oneDNN to end"
      flock 8
    }
    [[ ! -e $target/lib/cmake/dnnl/dnnl-config.cmake ]] || exit 0
    [[ -e $work/src/CMakeLists.txt ]] || fetch_onednn_source "$work" || exit 1
    run_logged "$work/configure.log" "configuring oneDNN" cmake -S "$work/src" -B "$work/build" -G Ninja \
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib "-DCMAKE_INSTALL_PREFIX=$work/prefix" \
      -DCMAKE_DISABLE_FIND_PACKAGE_Git=ON -DDNNL_CPU_RUNTIME=OMP -DDNNL_GPU_RUNTIME=NONE \
      -DDNNL_ENABLE_WORKLOAD=TRAINING "-DDNNL_ENABLE_PRIMITIVE=$onednn_primitives" \
      -DDNNL_BUILD_TESTS=OFF -DDNNL_BUILD_EXAMPLES=OFF -DDNNL_BUILD_DOC=OFF -DONEDNN_BUILD_GRAPH=OFF || exit 1
    say "building oneDNN $onednn_source_version from source (about 20 minutes on 2 cores)"
    run_ninja "$work/build" "oneDNN" || exit 1
    rm -rf "$work/prefix"
    run_logged "$work/install.log" "installing oneDNN" cmake --install "$work/build" --strip || exit 1
    rm -rf "$target"
    mv -T "$work/prefix" "$target" || exit 1
  ) 8>"$work.lock" || return 1
  rm -rf "$work"
}

fetch_onednn_source() {
  local work=$1 apt=$1/apt codename version options
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  rm -rf "$apt" "$work/src" "$work/src.new"
  mkdir -p "$apt/lists/partial" "$apt/cache"
  options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)")
  derive_deb_src "$codename" >"$apt/sources.list"
  if [[ ! -s $apt/sources.list ]]; then
    # No lists on this machine (a fresh image): read the machine's own sources into a folder of ours.
    run_logged "$work/update.log" "reading this machine's apt sources" \
      apt-get -q -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=$(id -un)" update || return 1
    derive_deb_src "$codename" -o "Dir::State::lists=$apt/lists" >"$apt/sources.list"
  fi
  if [[ ! -s $apt/sources.list ]]; then
    say "--onednn source needs a Debian machine: apt here knows no archive with the suite '$codename' and component main"
    return 1
  fi
  say "getting Debian $onednn_source_suite's source of oneDNN"
  run_logged "$work/update.log" "reading $onednn_source_suite's list of sources" apt-get "${options[@]}" update || return 1
  cd "$work" || return 1
  run_logged "$work/fetch.log" "getting the source package" apt-get "${options[@]}" source --download-only onednn || return 1
  version=$(sed -n 's/^Version: //p' onednn_*.dsc | head -n 1)
  if [[ $version != "$onednn_source_version"[+-]* ]]; then
    say "$onednn_source_suite holds oneDNN $version now, and this script knows $onednn_source_version: update scripts/lib/onednn.sh"
    return 1
  fi
  # apt has checked the archive's signature and the files' hashes.
  run_logged "$work/unpack.log" "unpacking the source package" dpkg-source --no-check -x onednn_*.dsc src.new || return 1
  # A tarball has no commit, so that oneDNN would call its build "N/A": results name Debian's revision instead.
  sed -i "s|set(DNNL_VERSION_HASH \"N/A\")|set(DNNL_VERSION_HASH \"debian-$version\")|" src.new/cmake/version.cmake
  mv src.new src
}

# derive_deb_src CODENAME [APT_OPTION...]: the archive that serves this release's main component, for the newer suite.
derive_deb_src() {
  local codename=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  shift
  # shellcheck disable=SC2016
  apt-get indextargets "$@" --format '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
    awk -v codename="$codename" -v suite="$onednn_source_suite" -v keyring="$keyring" \
      '$1 == "Packages" && $2 == codename && $3 == "main" && !seen[$4]++ {print "deb-src [signed-by=" keyring "] " $4 " " suite " main"}'
}
