"""See `enable_msdtc`."""

from collections.abc import Iterator

from factory.guest.command import Command
from factory.guest.units import Family, Phase, operation
from factory.windows.probe import beside


@operation(Phase.MEND, Family.WINDOWS, proof="documented")
def enable_msdtc() -> Iterator[Command]:
    """Take the mark of a failed Sysprep from the transaction coordinator. Mends `msdtc`."""
    yield beside(__file__)
