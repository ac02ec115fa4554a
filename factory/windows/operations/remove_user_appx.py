"""See `remove_user_appx`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Command
from factory.guest.units import Family, Phase, operation
from factory.windows.probe import beside


@operation(Phase.MEND, Family.WINDOWS, proof="documented")
def remove_user_appx() -> Iterator[Command]:
    """Remove Appx packages that are installed for users alone.

    Mends `appx_per_user`. Also turns the store's automatic downloads off, which would bring them back.
    """
    yield beside(__file__, timeout=10 * MINUTE)
