"""See `dhcp_leases`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("deprovision",),
    paths=("/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/dhcpcd", "/var/lib/NetworkManager/*.lease"),
    proof="namespace guest",
)
def dhcp_leases() -> Iterator[Command]:
    """Remove what DHCP clients remember.

    A client that finds a lease asks for the old machine's address first, and is sometimes given it. After the
    agent's deprovisioning, which sets a host name and so may have a client write once more.
    """
    yield sh_script(
        "rm -rf /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/dhcpcd/* /var/lib/NetworkManager/*.lease"
    )
