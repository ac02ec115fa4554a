"""See `resolv_conf`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context

AZURE_RESOLVER = "168.63.129.16"


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("deprovision",),
    paths=("/etc/resolv.conf",),
    proof="namespace guest",
)
def resolv_conf(context: Context) -> Iterator[Command]:
    """Leave a /etc/resolv.conf that works on any network of Azure.

    The agent deletes it on most distributions. Where it was a link (systemd-resolved, resolvconf), the
    link is put back: nobody else makes it. A plain file named the old network's servers and search
    domains; Azure's own resolver takes their place until the DHCP client writes, if one does:
    systemd-networkd never would.
    """
    was = context.facts.resolv_conf
    if was is not None and was != "file":
        yield sh("ln", "-sfn", was, "/etc/resolv.conf")
    else:
        yield sh_script('printf "nameserver %s\\n" "$1" > /etc/resolv.conf', AZURE_RESOLVER)
