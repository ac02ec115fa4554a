"""See `provisioning_media`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

_SYSTEM_START = 1


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="set Start of HKLM\\SYSTEM\\CurrentControlSet\\Services\\cdrom to 1 (the operation "
    "`enable_cdrom`), and lift the policy on removable storage",
)
def provisioning_media(answer: dict[str, Any]) -> Iterator[str]:
    """Azure's provisioning DVD can be read.

    Without the cdrom driver, or with removable storage denied by policy, a machine from the image never sees
    its name and password: OSProvisioningTimedOut (documented).
    """
    if answer["cdrom_start"] != _SYSTEM_START:
        yield f"the cdrom driver does not start (Start is {answer['cdrom_start']}, not 1)"
    if answer["deny_all"] or answer["deny_read"]:
        yield "a policy denies reading removable storage"
