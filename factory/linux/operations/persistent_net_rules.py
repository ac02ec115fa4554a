"""See `persistent_net_rules`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh
from factory.guest.units import Family, Phase, operation

RULES = tuple(
    f"/etc/udev/rules.d/{name}"
    for name in ("70-persistent-net.rules", "75-persistent-net.rules", "85-persistent-net-cloud-init.rules")
)


@operation(Phase.GENERALIZE, Family.LINUX, after=("cloud_init",), paths=RULES, proof="real commands")
def persistent_net_rules() -> Iterator[Command]:
    """Remove udev's rules that bind a network card's name to its MAC address.

    With them the next machine's only card is called eth1, which nothing configures.
    """
    yield sh("rm", "-f", "--", *RULES)
