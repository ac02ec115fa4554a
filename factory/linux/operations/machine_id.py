"""See `machine_id`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("logs",),
    paths=("/etc/machine-id", "/var/lib/dbus/machine-id"),
    proof="namespace guest",
)
def machine_id() -> Iterator[Command]:
    """Blank the machine ID.

    systemd, D-Bus and the DHCP client derive their identities from it. The file must stay, empty: without
    it a read-only root cannot write a new one, and the word `uninitialized` makes the next boot apply all
    presets, which disables services that were enabled by hand. Late, because the journal's tools need an
    ID.
    """
    yield sh("truncate", "--size=0", "/etc/machine-id")
    yield sh("ln", "-sf", "/etc/machine-id", "/var/lib/dbus/machine-id").if_exists("/var/lib/dbus")
