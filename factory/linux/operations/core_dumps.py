"""See `core_dumps`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    paths=("/var/lib/systemd/coredump", "/var/crash"),
    proof="real commands",
)
def core_dumps() -> Iterator[Command]:
    """Remove core dumps and crash reports: they are memory of the old machine's processes."""
    yield sh_script("rm -rf /var/lib/systemd/coredump/* /var/crash/*")
