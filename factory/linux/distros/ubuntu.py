"""Ubuntu: cloud-init provisions and makes the host keys; the agent leaves them and resolv.conf alone."""

from factory.linux.distro import Distro

UBUNTU = Distro(
    id="ubuntu",
    title="Ubuntu",
    package_manager="apt",
    agent_package="walinuxagent",
    agent_service="walinuxagent",
    releases=("20.04", "22.04", "24.04"),
    proof="documented",
)
