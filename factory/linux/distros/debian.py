"""Debian: the agent's package is waagent, its service walinuxagent, and it deletes /etc/resolv.conf."""

from factory.linux.distro import Distro

DEBIAN = Distro(
    id="debian",
    title="Debian",
    package_manager="apt",
    agent_package="waagent",
    agent_service="walinuxagent",
    releases=("11", "12", "13"),
    proof="namespace guest",
)
