#!/usr/bin/env bash
# server_test.py with the environment of scripts/mlflow-venv, which is made on first use.
# usage: server_test.sh STUDY [unittest's own arguments]
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
study=$(realpath "$1")
shift
code=0
python=$("$here/../../scripts/mlflow-venv") || code=$?
if ((code == 77)); then
  echo "skipped: PyPI cannot be reached, so there is no MLflow server to test against"
  exit 77 # ctest: skipped
fi
((code == 0)) || exit "$code"
cd "$here"
exec "$python" -B server_test.py "$study" "$@"
