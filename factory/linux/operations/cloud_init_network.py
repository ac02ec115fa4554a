"""See `cloud_init_network`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context

FILES = (
    "/etc/netplan/50-cloud-init.yaml",
    "/etc/network/interfaces.d/50-cloud-init",
    "/etc/network/interfaces.d/50-cloud-init.cfg",
)


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("cloud_init",),
    paths=FILES,
    when=sh_script("! grep -rqsE '^[^#]*config: *disabled' /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d"),
    proof="real commands",
)
def cloud_init_network(context: Context) -> Iterator[Command]:
    """Remove the network configuration that cloud-init wrote for this machine's network card.

    It matches by MAC address, which the next machine does not have. cloud-init writes it anew at first
    boot, except where it was told to leave the network alone: there the file is all the network there is,
    and stays.
    """
    if context.facts.cloud_init:
        yield sh("rm", "-f", "--", *FILES)
