#!/usr/bin/env bash
# Pin every requirement with its hashes, and no address that it was downloaded from.
set -euo pipefail
lock() { uv pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --no-header "$@"; }
lock requirements/dev.in -o requirements/dev.txt
for part in product local; do lock "requirements/$part.in" -c requirements/dev.txt -o "requirements/$part.txt"; done
lock requirements/azcli.in -o requirements/azcli.txt
lock requirements/azurite.in -o requirements/azurite.txt
