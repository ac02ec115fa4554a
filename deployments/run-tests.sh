#!/usr/bin/env bash
# run-tests.sh VENV: the whole suite with coverage; then, is this computer as it was before?
#
# Three files run at a time, with real machines on perhaps two cores. So a few tests that fail are run once more, alone, and
# both outcomes are printed: what fails alone too fails the suite, what passes alone is to be looked into.
set -euo pipefail
python=$1/bin/python
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export COVERAGE_FILE=$scratch/coverage COVERAGE_RCFILE=$PWD/pyproject.toml
few=5
suite=(-m pytest -m "not real" -o cache_dir="$scratch/cache" "${@:2}")
"$python" -m tests.host_state save "$scratch/host.json"
status=0
"$python" -m coverage run "${suite[@]}" -n 3 --dist loadfile --durations=15 || status=$?
if [ "$status" -eq 1 ] && [ "$(grep -c '": true' "$scratch/cache/v/cache/lastfailed")" -le "$few" ]; then
  echo "Once more, alone, what failed beside others:"
  status=0
  "$python" "${suite[@]}" --last-failed --last-failed-no-failures none -v || status=$?
fi
"$python" -m coverage combine -q "$scratch"
# Below 90 for what only `make test-real` reaches: QEMU's ways and Windows' failures.
"$python" -m coverage report --fail-under=86 || status=$?
"$python" -m tests.host_state compare "$scratch/host.json" || status=$?
exit "$status"
