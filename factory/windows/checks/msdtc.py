"""See `msdtc`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="msdtc -install, set the service to Manual, and SysprepInProgress under "
    "HKLM\\SOFTWARE\\Microsoft\\MSDTC to 0",
)
def msdtc(answer: dict[str, Any]) -> Iterator[str]:
    """The transaction coordinator is there, enabled, and not left over from a failed Sysprep.

    SysprepInProgress is documented; that a removed or disabled service fails Sysprep is not: a warning.
    """
    if answer["in_progress"]:
        yield "MSDTC is left from a failed Sysprep (SysprepInProgress is 1): it would not start"
    if not answer["installed"]:
        yield Doubt("the MSDTC service is not there")
    elif answer["start_type"] == "Disabled":
        yield Doubt("the MSDTC service is disabled")
