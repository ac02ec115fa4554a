"""See `package_caches`."""

from collections.abc import Iterator

from factory.guest.command import Command
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    paths=lambda context: context.package_manager.caches,
    proof="namespace guest",
)
def package_caches(context: Context) -> Iterator[Command]:
    """Empty the package manager's caches and lists.

    Downloaded packages are dead weight, and lists that are months old make the first installation fail.
    """
    yield from context.package_manager.clean
