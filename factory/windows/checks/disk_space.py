"""See `disk_space`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

NEEDED_MIB = 1024


@windows_check(Stage.BEFORE_GENERALIZE, __file__, remedy="free space on C:, or make the disk larger")
def disk_space(answer: dict[str, Any]) -> Iterator[str]:
    """There is room to work: 1 GiB on C:.

    Sysprep writes logs, hives and driver stores; the figure is the factory's own.
    """
    if answer["free_mib"] < NEEDED_MIB:
        yield f"only {answer['free_mib']} MiB are free on C:"
