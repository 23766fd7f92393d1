#!/usr/bin/env bash
# Tests of scripts/setup, scripts/run and scripts/profile that need no network and change nothing on the machine, and of a rule for all
# sources: each case works in a temporary copy of scripts/ and cmake/, with stand-ins for apt-get and dpkg-query first on PATH where
# those matter.
# usage: scripts_test.sh CASE   (a function's name below; tests/CMakeLists.txt makes one test of each). What a whole set-up from nothing
# does is left to CI on a fresh machine.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clone=$work/clone
mkdir -p "$clone/study" "$work/bin" "$work/home"
cp -r "$source_dir/scripts" "$source_dir/cmake" "$clone/"
touch "$clone/study/study_main.cpp"
export HOME=$work/home
unset XDG_CACHE_HOME DOWNSCALEXR_CACHE CMAKE_PREFIX_PATH DNNLROOT CONDA_PREFIX dnnl_DIR dnnl_ROOT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# expect CODE COMMAND...: runs it, keeps stdout and stderr in $out and $err, and checks the exit code.
expect() {
  local code=$1 status=0
  shift
  "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out") err=$(<"$work/err")
  [[ $status == "$code" ]] || fail "'$*' exited with $status, not $code. stderr: $err"
}
holds() { [[ $1 == *"$2"* ]] || fail "'$2' is not in: $1"; }

# fake_onednn DIR RUNTIME [NEEDED]: a CMake package that says it is oneDNN 3.4, with a library that needs NEEDED.
fake_onednn() {
  local config=$1/lib/cmake/dnnl
  mkdir -p "$config"
  if [[ -n ${3:-} ]]; then
    echo 'void needed() {}' | g++ -x c++ - -shared -fPIC -o "$1/lib/$3" "-Wl,-soname,$3"
    echo 'void needed(); void f() { needed(); }' |
      g++ -x c++ - -shared -fPIC -o "$1/lib/libdnnl.so.3" -Wl,-soname,libdnnl.so.3 -x none "$1/lib/$3"
  else
    echo 'void f() {}' | g++ -x c++ - -shared -fPIC -o "$1/lib/libdnnl.so.3" -Wl,-soname,libdnnl.so.3
  fi
  cat >"$config/dnnl-config.cmake" <<END
set(DNNL_CPU_THREADING_RUNTIME "$2")
add_library(DNNL::dnnl SHARED IMPORTED)
set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION "$1/lib/libdnnl.so.3")
END
  printf 'set(PACKAGE_VERSION 3.4.0)\nset(PACKAGE_VERSION_COMPATIBLE TRUE)\n' >"$config/dnnl-config-version.cmake"
}

# fake_command NAME: the body of a stand-in on stdin.
fake_command() {
  { echo '#!/bin/bash' && cat; } >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

HelpIsPrinted() {
  local script
  for script in setup run test profile lint sanitize; do
    expect 0 "$clone/scripts/$script" --help
    holds "$out" "usage: scripts/$script"
  done
  expect 1 "$clone/scripts/setup" --nonsense
  holds "$err" "unknown option '--nonsense'"
}

UnknownProgramIsRefusedWithTheKnownOnes() {
  expect 2 "$clone/scripts/run" styd
  holds "$err" "there is no program 'styd'. Programs: study"
  [[ -z $out ]] || fail "stdout is the program's alone, and got: $out"
}

# The first of many, too: a pipe closed early must not be taken for "not found".
EveryProgramIsKnown() {
  local number
  for number in {10..60}; do touch "$clone/study/p${number}_main.cpp"; done
  fake_command dpkg-query <<<'exit 1'
  fake_command apt-get <<<'exit 1'
  for number in 10 35 60; do
    # It gets past the name, and stops where packages cannot be installed.
    PATH=$work/bin:$PATH expect 1 "$clone/scripts/run" "p$number"
    holds "$err" "apt-get"
  done
}

OneDnnOfAnotherThreadingRuntimeIsRefused() {
  fake_onednn "$work/tbb" TBB
  expect 1 "$clone/scripts/setup" --skip-packages --onednn "$work/tbb"
  holds "$err" "uses the threading runtime 'TBB'"
  holds "$err" "--threads would have no effect"
  [[ ! -e $clone/build/onednn ]] || fail "a refused choice was remembered"
}

OneDnnOfAnotherOpenMpIsRefused() {
  fake_onednn "$work/iomp" OMP libiomp5.so
  expect 1 "$clone/scripts/setup" --skip-packages --onednn "$work/iomp"
  holds "$err" "needs libiomp5.so, while GCC links GNU OpenMP"
}

ChosenOneDnnIsRememberedAndFoundByCMake() {
  fake_onednn "$work/good" OMP
  expect 0 "$clone/scripts/setup" --skip-packages --onednn "$work/good"
  holds "$err" "ready, with oneDNN 3.4.0 (dir): $work/good/lib/cmake/dnnl"
  expect 0 "$clone/scripts/setup" --check
  holds "$out" "oneDNN 3.4.0 (dir)"
  expect 0 cmake -S "$clone/cmake/onednn_probe" -B "$work/probe" -G Ninja
  holds "$out" "config=$work/good/lib/cmake/dnnl"
  # A folder that went away is noticed.
  rm -r "$work/good"
  expect 1 "$clone/scripts/setup" --check
  holds "$out" "missing: oneDNN"
}

FolderWithoutOneDnnIsRefused() {
  expect 1 "$clone/scripts/setup" --skip-packages --onednn "$work/nowhere"
  holds "$err" "no such folder"
  mkdir "$work/empty"
  expect 1 "$clone/scripts/setup" --skip-packages --onednn "$work/empty"
  holds "$err" "$work/empty"
}

# It may be the end of a comparison that somebody runs as root.
ReportInstallsNothing() {
  touch "$clone/CMakeLists.txt"
  fake_command dpkg-query <<<'exit 1'
  fake_command apt-get <<<"touch $work/asked"
  fake_command sudo <<<"touch $work/asked"
  fake_command bare-python <<<'exit 1' # finds no module
  DOWNSCALEXR_PYTHON=$work/bin/bare-python PATH=$work/bin:$PATH expect 5 "$clone/scripts/report" somewhere
  holds "$err" "scripts/setup --report"
  [[ ! -e $work/asked ]] || fail "scripts/report asked for packages"
  rm "$clone/CMakeLists.txt" # as in an installed copy
  DOWNSCALEXR_PYTHON=$work/bin/bare-python PATH=$work/bin:$PATH expect 5 "$clone/scripts/report" somewhere
  holds "$err" "apt-get install python3-matplotlib"
  [[ ! -e $work/asked ]] || fail "scripts/report asked for packages"
}

MissingPackagesAreInstalledAfterOneUpdate() {
  fake_onednn "$work/good" OMP
  # Nothing but g++ is installed until apt-get has run; apt-get finds the packages only after an update.
  fake_command dpkg-query <<END
if [[ -e $work/installed ]]; then for name in "\${@:4}"; do echo "installed \$name"; done; else echo "installed g++"; fi
END
  fake_command apt-get <<END
echo "\$*" >>$work/apt-calls
case " \$* " in
  *" update "*) touch $work/updated ;;
  *" install "*) [[ -e $work/updated ]] && touch $work/installed ;;
esac
END
  fake_command sudo <<'END'
while [[ $1 == -* ]]; do shift; done
"$@"
END
  PATH=$work/bin:$PATH expect 0 "$clone/scripts/setup" --onednn "$work/good"
  holds "$err" "installing Debian packages: cmake"
  [[ $(grep -c update "$work/apt-calls") == 1 ]] || fail "not one update: $(<"$work/apt-calls")"
  holds "$(tail -n 1 "$work/apt-calls")" "install --no-install-recommends cmake ninja-build"
  : >"$work/apt-calls"
  PATH=$work/bin:$PATH expect 0 "$clone/scripts/setup"
  [[ ! -s $work/apt-calls ]] || fail "apt-get was called with nothing to do"
}

WithoutRightsTheCommandToRunIsPrinted() {
  fake_command dpkg-query <<<'exit 1'
  # Root has rights, and so has whoever may sudo: take both away by running without apt-get in reach.
  local tool
  for tool in bash env dirname realpath basename mkdir sed cat nproc flock id; do ln -sf "$(command -v $tool)" "$work/bin/$tool"; done
  PATH=$work/bin expect 1 "$clone/scripts/setup"
  holds "$err" "As root, run this line"
  holds "$err" "apt-get install --no-install-recommends g++ cmake ninja-build"
}

WheelsAreUnpackedWithLinksForCopies() {
  cat >"$work/make.py" <<'END'
import sys, zipfile
good, bad = sys.argv[1:]
with zipfile.ZipFile(good, "w") as z:
    for name in ("libdnnl.so", "libdnnl.so.3", "libdnnl.so.3.2"):
        z.writestr("x-1.data/data/lib/" + name, b"code")
    z.writestr("x-1.dist-info/METADATA", "")
with zipfile.ZipFile(bad, "w") as z:
    z.writestr("x-1.data/data/../../../outside", b"")
END
  /usr/bin/python3 "$work/make.py" "$work/good.whl" "$work/bad.whl"
  expect 0 "$clone/scripts/lib/unpack_wheels.py" "$work/prefix" "$work/good.whl"
  [[ $(readlink "$work/prefix/lib/libdnnl.so.3") == libdnnl.so.3.2 && ! -L $work/prefix/lib/libdnnl.so.3.2 ]] ||
    fail "$(ls -l "$work/prefix/lib")"
  [[ $(ls "$work/prefix") == lib ]] || fail "more than the data was unpacked: $(ls "$work/prefix")"
  expect 1 "$clone/scripts/lib/unpack_wheels.py" "$work/prefix" "$work/bad.whl"
  holds "$err" "points outside"
}

# skip REASON: ctest counts it as skipped.
skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

# The programs of the build whose tests these are.
built() {
  [[ -x ${DOWNSCALEXR_BIN_DIR:-}/$1 ]] || skip "$1 is not built"
  echo "$DOWNSCALEXR_BIN_DIR/$1"
}

has_sdt() { echo '#include <sys/sdt.h>' | g++ -x c++ -E - >"$work/sdt" 2>&1; }

GeneratedKernelsAppearInAProfile() {
  local program
  command -v perf >/dev/null || skip "perf is not installed"
  perf record -e cpu-clock -o /dev/null -- true >"$work/log" 2>&1 || skip "perf is not permitted: $(tail -n 1 "$work/log")"
  program=$(built bench_ops) || exit
  expect 0 "$clone/scripts/profile" perf --event cpu-clock --out "$work/profile" -- "$program" --no-roofline --threads=1 \
    --unit=block --op=maxpool --batch=8 --benchmark_min_time=0.3 --benchmark_filter=block1.*inference
  # Mangled or not, a name that oneDNN gave to what it generated, in an object that is no file of its own.
  grep -qE '%  (jitted-|\[JIT\]).*  \[\.\] .*(jit_|brg|jit:)' <<<"$out" || fail "no generated kernel in: $out"
  holds "$out" "samples of cpu-clock"
  [[ $(<"$work/profile/profile.txt") == *object*symbol* && -s $work/profile/perf.data && -s $work/profile/callers.txt ]] ||
    fail "incomplete: $(ls "$work/profile")"
  expect 1 "$clone/scripts/profile" perf --out "$work/profile" -- "$program"
  holds "$err" "exists already"
}

# perf finds the probes in the program's file; nothing of the kernel's is touched.
StepsAreStaticProbes() {
  local program
  has_sdt || skip "systemtap-sdt-dev is not installed"
  command -v readelf >/dev/null || skip "readelf is not installed"
  program=$(built study) || exit
  expect 0 readelf -n "$program"
  holds "$out" "Provider: downscalexr"
  holds "$out" "Name: step_begin"
  holds "$out" "Name: step_end"
  command -v perf >/dev/null || skip "readelf shows the probes, and perf is not installed"
  expect 0 perf --buildid-dir "$work/buildid" buildid-cache --add "$program"
  expect 0 perf --buildid-dir "$work/buildid" list sdt
  holds "$out" "sdt_downscalexr:step_begin"
}

StepsAppearInAProfileWithRegions() {
  local program
  [[ -w /sys/kernel/tracing/uprobe_events ]] || skip "no tracefs on /sys/kernel/tracing, or not root"
  has_sdt || skip "systemtap-sdt-dev is not installed"
  command -v perf >/dev/null || skip "perf is not installed"
  program=$(built study) || exit
  expect 0 "$clone/scripts/profile" perf --regions --event cpu-clock --out "$work/profile" -- "$program" --repeat-for 0.5 --threads 1 --batch 1
  grep -qE '% +conv1 +forward +[1-9][0-9]* ' <<<"$out" || fail "no step in: $out"
  ! grep -q downscalexr /sys/kernel/tracing/uprobe_events || fail "probes were left behind"
}

ProfilersThatAreMissingAreNamed() {
  fake_command perf <<'END'
[[ $1 == stat ]] && echo "1,,cycles:u,1" >&2 && exit
echo "Access to performance monitoring and observability operations is limited." >&2
exit 255
END
  PATH=$work/bin:$PATH expect 5 "$clone/scripts/profile" perf -- /bin/true
  [[ $(wc -l <<<"$err") == 1 ]] || fail "more than one line: $err"
  holds "$err" "perf"
  command -v vtune >/dev/null || {
    expect 5 "$clone/scripts/profile" vtune --sampling sw --out "$work/v t" -- /bin/echo "two words"
    holds "$err" "'vtune' '-collect' 'hotspots' '-knob' 'sampling-mode=sw' '-result-dir' '$work/v t' '--' '$(realpath /bin/echo)' 'two words'"
    holds "$err" "ONEDNN_JIT_PROFILE=1"
  }
  expect 2 "$clone/scripts/profile" -- /bin/true
  expect 2 "$clone/scripts/profile" perf --nonsense -- /bin/true
  expect 1 "$clone/scripts/profile" perf --top zero -- /bin/true
}

VTuneIsRunWhereItIs() {
  fake_command vtune <<END
echo "\$ONEDNN_JIT_PROFILE \$*" >>$work/calls
END
  PATH=$work/bin:$PATH expect 0 "$clone/scripts/profile" vtune --sampling hw --out "$work/result" -- /bin/echo hello
  holds "$(<"$work/calls")" "1 -collect hotspots -knob sampling-mode=hw -knob enable-stack-collection=true -result-dir $work/result -- $(realpath /bin/echo) hello"
  holds "$(<"$work/calls")" "-report hotspots -result-dir $work/result -limit 25 -group-by task"
}

CiRunsTheSuiteLastAndTellsWhatFailed() {
  local script
  cp -r "$source_dir/.ci" "$clone/"
  for script in setup lint sanitize test; do
    printf '#!/bin/bash\necho "%s $*"\n[[ "%s $*" != "$FAILING" ]]\n' "$script" "$script" >"$clone/scripts/$script"
  done
  FAILING="" expect 0 "$clone/.ci/run" -LE slow
  [[ $(tail -n1 <<<"$out") == "test -LE slow" ]] || fail "the suite is not last: $out"
  [[ $(grep -c '^ci: .*: passed in' <<<"$out") == 7 ]] || fail "not all steps passed: $out"
  FAILING="lint shell" expect 1 "$clone/.ci/run"
  holds "$out" "ci: shellcheck: FAILED"
  holds "$out" "ci: failed before the suite: shellcheck"
  [[ $(tail -n1 <<<"$out") == "test " ]] || fail "the suite did not run: $out"
  FAILING="test " expect 1 "$clone/.ci/run"
}

ParameterisedTestsShowTheirParameters() {
  local program listed found=0
  for program in "$DOWNSCALEXR_BIN_DIR"/*_tests; do
    [[ -x $program ]] || continue
    listed=$("$program" --gtest_list_tests) || fail "$program does not list its tests"
    [[ $listed != *"-byte object"* ]] || fail "$program: $(grep -m1 -e '-byte object' <<<"$listed") (PrintTo is missing)"
    found=1
  done
  ((found)) || exit 77 # ctest: skipped
}

ResultsAreFitToPassOn() {
  cd "$source_dir"
  local found
  # No folder of the machine that made them; a clone without git (an archive) is searched as it is.
  found=$(grep -rnIE '(^|[^A-Za-z0-9_.])/(work|root|tmp|home)/' results docs ./*.md study/*/*.md tests/*/*.md --exclude-dir=runs --exclude-dir=profiles |
    cut -c 1-160 || true)
  [[ -z $found ]] || fail "paths of a machine (scripts/report.d/portable.py rewrites them): $found"
  [[ -z $(find results/study results/explain -name '*.png' -not -path '*/figures/images/*') ]] || fail "a figure is kept as PNG too"
  [[ $(stat -c %s results/study/report/report.html) -lt 2000000 ]] || fail "the page is over 2 MB"
  (($(du -sk --exclude=runs --exclude=profiles results | cut -f 1) <= 6144)) || fail "results/ is over 6 MB"
}

OneClockInAllSources() {
  local clocks='steady_clock|high_resolution_clock|system_clock|clock_gettime|gettimeofday|omp_get_wtime|__rdtsc|std::clock\('
  cd "$source_dir"
  found=$(grep -rnE "$clocks" --include='*.cpp' --include='*.hpp' kernels net data bench study tests | grep -v '^kernels/base/clock\.cpp:') || true
  [[ -z $found ]] || fail "a clock beside kernels/base/clock.hpp, and so beside bench/measure: $found"
}

ScriptsAreCleanByShellcheck() {
  command -v shellcheck >/dev/null || exit 77 # ctest: skipped
  cd "$source_dir"
  expect 0 scripts/lint shell
}

[[ $(type -t "${1:-}") == function ]] || fail "no case '${1:-}'"
"$1"
