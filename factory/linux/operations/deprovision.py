"""See `deprovision`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Command, sh
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("agent_service", "cloud_init", "package_caches", "ssh_host_keys"),
    paths=(
        "/var/lib/waagent",
        "/var/log/waagent.log",
        "/var/log/azure",
        "/etc/ssh/ssh_host_*",
        "/var/lib/dhcp",
        "/var/lib/dhclient",
        "/var/lib/dhcpcd",
        "/etc/hostname",
        "/etc/shadow*",
        "/etc/passwd*",
        "/etc/group*",
        "/etc/gshadow*",
        "/etc/subuid*",
        "/etc/subgid*",
        "/etc/.pwd.lock",
        "/etc/resolv.conf",
        "/etc/sudoers.d/waagent",
        "/root/.bash_history",
        "/home",
        "/var/mail",
        "/etc/dhcp/dhclient.conf",
    ),
    proof="namespace guest",
)
def deprovision() -> Iterator[Command]:
    """Have the agent itself deprovision: `waagent -deprovision+user`.

    It empties its state, locks root, resets the host name and deletes the administrator that Azure made.
    It knows that name only from ovf-env.xml in its own state, so nothing may touch /var/lib/waagent
    before, and a second run no longer knows it. It exits 0 even when it failed: the gate looks at what it
    should have done.
    """
    yield sh("waagent", "-force", "-deprovision+user", timeout=5 * MINUTE)
