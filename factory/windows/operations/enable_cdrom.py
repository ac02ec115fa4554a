"""See `enable_cdrom`."""

from collections.abc import Iterator

from factory.guest.command import Command
from factory.guest.units import Family, Phase, operation
from factory.windows.probe import beside


@operation(Phase.MEND, Family.WINDOWS, proof="documented")
def enable_cdrom() -> Iterator[Command]:
    """Let the cdrom driver start with the system. Mends `provisioning_media`, its policies excepted."""
    yield beside(__file__)
