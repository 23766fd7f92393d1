#!/usr/bin/env bash
# A test beside this file with the environment of scripts/mlflow-venv, which is made on first use.
# usage: with_mlflow.sh TEST.py STUDY [unittest's own arguments]
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
test=$1 study=$(realpath "$2")
shift 2
code=0
python=$("$here/../../scripts/mlflow-venv") || code=$?
if ((code == 77)); then
  echo "skipped: PyPI cannot be reached, so there is no MLflow server to test against"
  exit 77 # ctest: skipped
fi
((code == 0)) || exit "$code"
cd "$here"
exec "$python" -B "$test" "$study" "$@"
