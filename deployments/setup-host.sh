#!/usr/bin/env bash
# setup-host.sh [--browser]: what the machines inside the local Azure need from this computer; with --browser also
# the Chromium that the tests look at Prefect's pages with. Prints what it will do with root's rights before it does
# it; where it cannot, says so and leaves the decision to `golden demo`, or to the tests, which then skip the pages.
set -euo pipefail
declare -A why=(
  [mmdebstrap]="builds the Debian file system that machines boot"
  [unshare]="gives each machine its own namespaces"
  [ip]="gives each machine its own network"
  [setpriv]="takes dangerous rights from machines"
  [mkfs.ext4]="formats data disks"
)
declare -A package=([mmdebstrap]=mmdebstrap [unshare]=util-linux [ip]=iproute2 [setpriv]=util-linux [mkfs.ext4]=e2fsprogs)
if [ "${1:-}" = --browser ]; then
  why[chromium]="shows Prefect's pages to the tests (headless; nothing else starts it)"
  package[chromium]=chromium
fi
missing=()
for program in "${!why[@]}"; do
  PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && continue
  echo "host: '$program' is missing: it ${why[$program]}"
  missing+=("${package[$program]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "host: no apt-get here; install ${missing[*]} by hand. Going on without." >&2; exit 0; }
root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "host: needs root once: apt-get install ${missing[*]}. Going on without." >&2
    exit 0
  fi
  root=(sudo)
fi
echo "host: as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
"${root[@]}" apt-get update -qq || echo "host: apt-get update failed; trying with what is known." >&2
for name in $(printf '%s\n' "${missing[@]}" | sort -u); do # one by one: not every release has each
  "${root[@]}" apt-get install -y -qq --no-install-recommends "$name" >/dev/null ||
    echo "host: apt-get could not install '$name'. Going on without." >&2
done
