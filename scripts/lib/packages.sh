# shellcheck shell=bash disable=SC2034,SC2154
# The one table of Debian packages this project needs, each with its reason, and how they get onto the machine.
# Ubuntu and newer Debians use the same names. Sourced by scripts/setup and scripts/run.

packages=(
  "g++                          C++20 compiler, with OpenMP"
  "cmake                        build description (3.25 or newer)"
  "ninja-build                  builds, and finds out in milliseconds that nothing is to be built"
  "git                          the commit that every result carries"
  "pkg-config                   finds hwloc"
  "ca-certificates              pip's and apt's TLS"
  "python3-venv                 a private pip that gets oneDNN (Debian's own python3, whatever else PATH holds)"
  "libfmt-dev                   formatting"
  "libyaml-cpp-dev              settings and networks in YAML"
  "nlohmann-json3-dev           JSON"
  "libhdf5-dev                  data sets, run files and checkpoints"
  "libjpeg-dev                  JPEG, with word of damage that OpenCV keeps to itself"
  "zlib1g-dev                   PNG's checksums"
  "libisal-dev                  HDF5 chunks: compresses more than twice as fast as libdeflate"
  "libdeflate-dev               HDF5 chunks, decompressed outside the library's global lock"
  "libzip-dev                   .npz archives (MedMNIST)"
  "libdcmtk-dev                 DICOM, with its JPEG kinds"
  "libopencv-core-dev           images"
  "libopencv-imgcodecs-dev      PNG, TIFF and the rest"
  "libopencv-imgproc-dev        resizing, equalization, filters"
  "libboost-dev                 distributions for confidence intervals (headers)"
  "libboost-program-options-dev command lines"
  "libssl-dev                   SHA-256 of images"
  "libcurl4-openssl-dev         MLflow's REST API (HDF5's library brings libcurl in any case)"
  "libhwloc-dev                 cores and caches"
  "libhwy-dev                   vectors of every instruction set, for the fused kernel"
  "libonnx-dev                  ONNX files, and their checker"
  "libprotobuf-dev              what ONNX files are made of"
  "libbenchmark-dev             bench_ops"
  "systemtap-sdt-dev            static probes (a header): perf sees the steps of a network"
  "python3-numpy                tests: .npy and .npz files as NumPy itself writes them"
  "libgtest-dev                 tests"
  "libgmock-dev                 tests: matchers"
)
packages_for_source=(
  "dpkg-dev                     unpacks Debian's source package with its patches"
  "libspdlog-dev                oneDNN's log, as Debian's patch wants it"
  "debian-archive-keyring       checks the signature of the newer release"
)
packages_for_arm64=(
  "g++-aarch64-linux-gnu        scripts/setup --target arm64: the cross compiler"
  "qemu-user-static             runs what it made"
  "mmdebstrap                   unpacks the libraries of arm64, without running any of them"
  "debian-archive-keyring       checks the signature of the newer release"
)
packages_for_profile=(
  "linux-perf                   scripts/profile perf: samples, and the names of oneDNN's generated kernels"
)
packages_for_fuzz=(
  "clang-14                     scripts/fuzz: compiler with libFuzzer"
  "clang                        scripts/fuzz: its plain name"
  "libclang-rt-14-dev           scripts/fuzz: libFuzzer and the sanitizers' run-time"
)
packages_for_report=(
  "python3-matplotlib           scripts/report: figures"
  "python3-h5py                 scripts/report: reads compare.h5 and the cells' run.h5"
  "python3-numpy                scripts/report: columns of numbers"
  "python3-jinja2               scripts/report: the page's template"
  "python3-pil                  scripts/report: thumbnails"
  "python3-pandas               docs/comparison.ipynb, and its test"
  "libjs-jquery                 scripts/report: what tablesorter stands on"
  "libjs-jquery-tablesorter     scripts/report: tables that sort and filter, copied into the page"
)
packages_for_lint=(
  "clang-format                 the formatting of .clang-format"
  "shellcheck                   checks these scripts"
  "universal-ctags              scripts/lint names: who defines what"
)
packages_for_dev=(
  "clang-tidy                   the tidy preset"
  "libomp-dev                   omp.h for clang-tidy"
  "snakemake                    runs scripts/workflows/Snakefile, and its test"
)

# missing_packages ROW...: names of those that are not installed, in one dpkg-query (10 ms for the table).
missing_packages() {
  local names=("${@%% *}") installed name
  installed=$(dpkg-query -W -f '${db:Status-Status} ${binary:Package}\n' "${names[@]}" 2>/dev/null |
    sed -n 's/^installed \([^:]*\).*/\1/p') || true
  for name in "${names[@]}"; do
    [[ $'\n'$installed$'\n' == *$'\n'$name$'\n'* ]] || echo "$name"
  done
}

# A machine whose libraries come from elsewhere (conda, Fedora) says so once with scripts/setup --skip-packages.
packages_are_skipped() { [[ -e $build_root/skip-packages ]]; }

as_root=()
find_root_rights() {
  if ((EUID == 0)); then
    as_root=(env)
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [[ -t 0 && -t 2 ]] && sudo -v; }; }; then
    as_root=(sudo env)
  else
    return 1
  fi
}

apt_get() {
  "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 "$@"
}

# install_packages ROW...: nothing when all are there; otherwise apt, or exact words on what to install.
install_packages() {
  local missing log=$build_root/apt.log command
  if packages_are_skipped; then return 0; fi
  if ! command -v dpkg-query >/dev/null; then
    say "this is not a Debian machine. Install what these Debian packages hold, then run scripts/setup --skip-packages:"
    printf '  %s\n' "$@" >&2
    return 1
  fi
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  command="apt-get install --no-install-recommends ${missing[*]}"
  if ! command -v apt-get >/dev/null || ! find_root_rights; then
    say "Debian packages are missing, and installing them takes root or sudo. As root, run this line, then try again:"
    printf '  %s\n' "$command" >&2
    return 1
  fi
  say "installing Debian packages: ${missing[*]}"
  # Lists older than the archive give 404s, no lists at all no candidate: both are cured by one update.
  if ! apt_get install --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1; then
    run_logged "$log" "apt-get update" apt_get update || return 1
    run_logged "$log" "apt-get install" apt_get install --no-install-recommends "${missing[@]}" || {
      say "to see why, run as root: $command"
      return 1
    }
  fi
}
