"""See `ssh_host_keys`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context


@operation(Phase.GENERALIZE, Family.LINUX, paths=("/etc/ssh/ssh_host_*",), proof="namespace guest")
def ssh_host_keys(context: Context) -> Iterator[Command]:
    """Remove the SSH host keys, where something makes new ones.

    Machines that share host keys can impersonate each other. But sshd does not start without any, so keys go
    only where cloud-init or a unit of systemd makes new ones; where nothing does, the source is refused
    beforehand. A connection that stands is not disturbed.
    """
    if context.facts.host_key_regenerator:
        yield sh_script("rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub")
