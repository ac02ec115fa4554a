"""See `dhcp_leases_gone`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check

_PROBE = """
for lease in /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/dhcpcd/* /var/lib/NetworkManager/*.lease; do
    [ ! -s "$lease" ] || echo "$lease"
done
"""


@check(Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def dhcp_leases_gone(output: Output) -> Iterator[str]:
    """No DHCP client remembers a lease."""
    for path in output.stdout.splitlines():
        yield f"{path} holds a lease of this machine"
