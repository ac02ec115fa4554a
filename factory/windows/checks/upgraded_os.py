"""See `upgraded_os`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE, __file__, remedy="install the system anew; an upgraded one is not supported"
)
def upgraded_os(answer: dict[str, Any]) -> Iterator[str]:
    """The system was installed, not upgraded in place.

    Sysprep will not run on an upgraded OS (documented as unsupported). Traces of an earlier version without
    the flag are told as a warning: newer releases of Windows bear them.
    """
    if answer["upgrade"]:
        yield "Windows was upgraded in place (HKLM\\SYSTEM\\Setup, Upgrade is 1)"
    elif answer["sources"]:
        yield Doubt(f"Windows was upgraded once: {answer['sources'][0]}")
