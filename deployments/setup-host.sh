#!/usr/bin/env bash
# setup-host.sh [--browser]: what the machines inside the local Azure need from this computer, as host-packages.txt
# lists it; with --browser also what the tests look at Prefect's pages with. Prints what it will do with root's rights
# before it does it; where it cannot, says so and leaves the decision to `golden demo`, or to the tests, which skip.
set -euo pipefail
groups=" machines qemu "
[ "${1:-}" = --browser ] && groups+="browser "
missing=()
while read -r group need package why; do
  case $groups in *" $group "*) ;; *) continue ;; esac
  case $need in
  /*) [ -e "$need" ] && continue ;;
  *) PATH=$PATH:/usr/sbin:/sbin command -v "$need" >/dev/null && continue ;;
  esac
  echo "host: '$need' is missing: it $why"
  missing+=("$package")
done < <(grep -v '^#' "$(dirname "$0")/host-packages.txt")
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
