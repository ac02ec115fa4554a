"""See `agent_present`."""

import re
from collections.abc import Iterator

from factory.guest.command import Command, Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

OLDEST = (2, 2)
"""The oldest line whose deprovisioning does what the gate looks for."""


_PROBE = """
[ ! -d /run/systemd/system ] || echo "service $(systemctl is-enabled "$1" 2>&1)"
true
"""


def _probe(context: Context) -> Command:
    return sh_script(_PROBE, context.distro.agent_service)


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=_probe, proof="namespace guest")
def agent_present(output: Output, context: Context) -> Iterator[str]:
    """The Azure agent is installed, recent enough, and starts at boot.

    It deprovisions this machine, and says of the next one that it is ready. Masked or disabled, Azure waits
    for that word until provisioning times out.
    """
    found = re.match(r"\d+(?:\.\d+)*", context.facts.agent_version or "")
    package = context.distro.agent_package
    if found is None:
        yield f"the Azure agent is not installed (package {package})"
        return
    version = tuple(int(part) for part in found.group().split("."))
    if version < OLDEST:
        yield f"the Azure agent {found.group()} is too old (package {package})"
    service = re.search(r"^service (.*)$", output.stdout, re.MULTILINE)
    if service and not service.group(1).startswith(("enabled", "static", "alias", "indirect", "generated")):
        yield f"the agent's service {context.distro.agent_service} is {service.group(1)}: it would not start"
