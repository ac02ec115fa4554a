#!/usr/bin/env bash
# setup-venv.sh PYTHON VENV REQUIREMENTS: a virtual environment with exactly the pinned packages. uv if there, else pip.
set -euo pipefail
python=$1 venv=$2 requirements=$3
command -v "$python" >/dev/null || python=python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "golden needs Python 3.11 or newer; '$python' is $("$python" --version). Install it, or: make PYTHON=/path/to/python3.11 setup" >&2
  exit 1
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
if command -v uv >/dev/null; then
  echo "setup: installing pinned packages into $venv with uv"
  uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$requirements"
  uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e .
else
  echo "setup: installing pinned packages into $venv with pip (a minute or two; uv is faster)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$requirements"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
fi
