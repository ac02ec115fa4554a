"""See `cloud_init_done`."""

import re
from collections.abc import Iterator

from factory.guest.command import MINUTE, Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

PROBE = r"""
if grep -qs '"errors": \[\]' /run/cloud-init/result.json; then echo "status: done"
else timeout 300 cloud-init status --wait --long; fi
true
"""
"""What cloud-init itself goes by, without starting it: that takes seconds on a small machine."""


@check(
    Stage.AFTER_PROVISION,
    Family.LINUX,
    probe=sh_script(PROBE, timeout=6 * MINUTE).if_program("cloud-init"),
    proof="QEMU guest",
)
def cloud_init_done(output: Output, context: Context) -> Iterator[str]:
    """cloud-init has finished, without errors, where it provisions.

    Waited for, because it restarts sshd after the first login works. Its exit status means other things in
    other versions, so the words decide.
    """
    found = re.search(r"^status: *(.+)$", output.stdout, re.MULTILINE)
    status = found.group(1).strip() if found else "not known"
    if context.facts.provisioned_by == "cloud-init" and status != "done":
        detail = re.search(r"^detail: *\n?(.+)$", output.stdout, re.MULTILINE)
        yield f"cloud-init's status is {status}" + (f": {detail.group(1).strip()}" if detail else "")
