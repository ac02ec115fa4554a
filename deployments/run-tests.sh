#!/usr/bin/env bash
# run-tests.sh VENV: the whole suite with coverage; then, is this computer as it was before?
set -euo pipefail
python=$1/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export COVERAGE_FILE=$scratch/coverage COVERAGE_RCFILE=$PWD/pyproject.toml
"$python" -m tests.host_state save "$scratch/host.json"
status=0
"$python" -m coverage run -m pytest -n 3 --dist loadfile -m "not real" --durations=15 "${@:2}" || status=$?
"$python" -m coverage combine -q "$scratch"
# Below 90 for what only `make test-real` reaches: QEMU's ways and Windows' failures.
"$python" -m coverage report --fail-under=86 || status=$?
"$python" -m tests.host_state compare "$scratch/host.json" || status=$?
exit "$status"
