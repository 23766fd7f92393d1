#!/usr/bin/env bash
# An installation, moved to another place, with nothing of the source or the build in reach: every program starts, trains, plans,
# audits and reports, and what needs more than is there says so in one line.
# usage: install_test.sh BUILD SOURCE
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="$work/an other place"
mkdir "$work/home" "$work/here"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# installed CODE PROGRAM ARGUMENTS...: as a user without any of our variables, in a folder of his own. Sets $out and $err.
installed() {
  local code=$1 program=$2 status=0
  shift 2
  env -i -C "$work/here" PATH=/usr/bin:/bin HOME="$work/home" LC_ALL=C.UTF-8 ${python:+DOWNSCALEXR_PYTHON="$python"} \
    "$prefix/bin/$program" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  out=$(<"$work/out") err=$(<"$work/err")
  [[ $status == "$code" ]] || fail "$program $* exited with $status, not $code. stderr: $err"
}
holds() { [[ $1 == *"$2"* ]] || fail "'$2' is not in: $1"; }

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$prefix"
python=""

# Nothing of the build, of the source or of the user's cache is loaded.
for program in study bench_ops; do
  loaded=$(env -i ldd "$prefix/bin/$program")
  for folder in "$build" "$source" "$HOME/.cache"; do
    [[ $loaded != *"$folder/"* ]] || fail "$program loads from $folder: $loaded"
  done
  [[ $loaded != *"not found"* ]] || fail "$program lacks a library: $loaded"
done

small=(--size 32 --synthetic-train 48 --synthetic-val 32 --synthetic-test 32 --epochs 1 --threads 1 --progress none)
installed 0 study --help
installed 0 study --version
installed 0 study plan --variant maxpool --size 32
holds "$out" conv1
installed 0 study "${small[@]}" --latency=false --out runs --name tiny
[[ -s $work/here/runs/tiny/summary.json ]] || fail "no summary.json"
installed 0 study --config "$prefix/share/downscalexr/recipes/original.yaml" "${small[@]}" --batch 16 --latency=false --out runs --name recipe
installed 0 bench_ops --help

/usr/bin/python3 - "$work/here/images" <<'END'
import pathlib, struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

for i in range(16):
    folder = pathlib.Path(sys.argv[1], ("train", "test")[i % 2], ("NORMAL", "PNEUMONIA")[i // 2 % 2])
    folder.mkdir(parents=True, exist_ok=True)
    rows = b"".join(b"\0" + bytes((x * (i + 3) + y * (i * 7 + 1)) % 256 for x in range(32)) for y in range(32))
    (folder / f"{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0))
                                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
END
installed 0 study data audit images --html audit.html --size 32
grep -q '</html>' "$work/here/audit.html" || fail "no page of the audit"

installed 0 study compare --variants avgpool,strided --seeds 2 "${small[@]}" --resamples 100 --no-latency --no-page --out sweep
# The page, where Python has what it takes; and in one line what is missing where it has not.
python=/usr/bin/python3
if "$python" -c 'import matplotlib, h5py, numpy, jinja2, PIL' 2>/dev/null; then
  installed 0 study report sweep --resamples 100 --no-latency --no-shift --progress none
  grep -q '</html>' "$work/here/sweep/report/report.html" || fail "no page"
fi
printf '#!/bin/sh\nexit 1\n' >"$work/no-python"
chmod +x "$work/no-python"
python=$work/no-python
installed 0 study report sweep --resamples 100 --no-latency --no-shift --progress none
holds "$err" "lacks matplotlib"
holds "$err" "apt-get install python3-matplotlib"

python=""
installed 0 downscalexr-peers --help
holds "$out" "usage: downscalexr-peers"
installed 2 downscalexr-peers --nonsense
python=$work/missing
installed 1 downscalexr-peers --units network
[[ $err == "downscalexr-peers: $python is missing: "* ]] || fail "said: $err"
