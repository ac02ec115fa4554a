"""See `clear_password_change`."""

from collections.abc import Iterator

from factory.guest.command import Command
from factory.guest.units import Family, Phase, operation
from factory.windows.probe import beside


@operation(Phase.MEND, Family.WINDOWS, proof="documented")
def clear_password_change() -> Iterator[Command]:
    """Let no account have to change its password at the next logon. Mends `must_change_password`."""
    yield beside(__file__)
