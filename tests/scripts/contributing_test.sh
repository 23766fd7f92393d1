#!/usr/bin/env bash
# CONTRIBUTING shows an eighth operator as a diff: applied to a copy of the tree, it must build, and pass the tests of that
# operator without any of them being edited.
# usage: contributing_test.sh BUILD_FOLDER   whose compiler, flags and packages the copy is built with
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$1
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }

cd "$source_dir"
for part in *; do
  case $part in build | results) ;; *) cp -r "$part" "$copy/" ;; esac
done
mkdir -p "$copy/results"
awk '/^```diff/ {on = 1; next} /^```/ {on = 0} on' CONTRIBUTING.md >"$copy/example.diff"
[[ -s $copy/example.diff ]] || fail "CONTRIBUTING.md shows no diff"
name=$(sed -n 's/^+ *\.name = "\(.*\)",$/\1/p' "$copy/example.diff")
[[ -n $name ]] || fail "the example names no operator"
cd "$copy"
git apply example.diff || fail "the example does not apply"

# The same flags, so that ccache, where it is there, has all but what the example changes.
export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
launcher=$(cached CMAKE_CXX_COMPILER_LAUNCHER)
[[ -n $launcher ]] || ! command -v ccache >/dev/null || launcher=ccache
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)" -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" \
  -DCMAKE_CXX_FLAGS_RELEASE="$(cached CMAKE_CXX_FLAGS_RELEASE)" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" \
  -DCMAKE_PREFIX_PATH="$(cached CMAKE_PREFIX_PATH)" -Ddnnl_DIR:PATH="$(cached dnnl_DIR)" -DDOWNSCALEXR_PCH="$(cached DOWNSCALEXR_PCH)"
cmake --build build --target kernels_tests net_tests
for program in kernels_tests net_tests; do
  found=$("build/bin/$program" --gtest_list_tests --gtest_filter="*${name}_*:*/$name" | grep -c "$name" || true)
  ((found > 0)) || fail "$program has no test of $name"
  "build/bin/$program" --gtest_brief --gtest_filter="*${name}_*:*/$name"
done
