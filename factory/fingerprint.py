"""What is on a machine, as hashes: to see that a restored one is what it was.

Read through Run Command, so that no login is needed. Files are hashed one by one, trees with what is mounted
in them as a whole: the hash of the sorted list of all their files' hashes. What a boot writes by itself is
left out.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from factory.azure import machines, run_commands
from factory.azure.client import Azure

FILES = ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key", "/etc/passwd", "/etc/shadow")
"""What generalization destroys."""
TREES = ("/etc", "/home", "/root", "/srv", "/usr/local")
_WRITTEN_BY_A_BOOT = ("/etc/resolv.conf", "/etc/mtab", "/etc/adjtime", "/etc/.updated", "/etc/ld.so.cache")
DEADLINE = timedelta(minutes=10)

_SCRIPT = """\
set -eu
export LC_ALL=C
first=1
tell() {{ [ "$first" = 1 ] || printf ','; first=0; printf '"%s":"%s"' "$1" "$2"; }}
printf '{{'
for file in {files}; do
  if [ -f "$file" ]; then tell "$file" "$(sha256sum < "$file" | cut -d' ' -f1)"; else tell "$file" missing; fi
done
for tree in {trees}; do
  [ -d "$tree" ] || continue
  list=$(find "$tree" -type f {left_out} -print0 | sort -z | xargs -0r sha256sum)
  tell "$tree/**" "$(printf '%s' "$list" | sha256sum | cut -d' ' -f1)"
done
printf '}}\\n'
"""


def fingerprint_script(files: Sequence[str], trees: Sequence[str]) -> str:
    """The script; paths come from this program, and none of them needs quoting."""
    left_out = " ".join(f"! -path {path}" for path in _WRITTEN_BY_A_BOOT)
    return _SCRIPT.format(files=" ".join(files), trees=" ".join(trees), left_out=left_out)


async def read_fingerprint(
    azure: Azure, machine_id: str, *, name: str, files: Sequence[str] = (), trees: Sequence[str] = TREES
) -> dict[str, str]:
    """SHA-256 by path, trees as PATH/**. Waits for the agent. Raises as `run_commands.run_command`."""
    await machines.wait_for_agent(azure, machine_id, deadline=DEADLINE)
    script = fingerprint_script((*FILES, *files), trees)
    result = await run_commands.run_command(
        azure, machine_id, name=name, script=script, deadline=DEADLINE, tags={}
    )
    found: dict[str, str] = json.loads(result.checked(whole=True))
    return found
