"""See `remove_unattend`."""

from collections.abc import Iterator

from factory.guest.command import Command
from factory.guest.units import Family, Phase, operation
from factory.windows.probe import beside


@operation(Phase.MEND, Family.WINDOWS, proof="documented")
def remove_unattend() -> Iterator[Command]:
    """Remove answer files of one's own. Mends `custom_unattend`."""
    yield beside(__file__)
