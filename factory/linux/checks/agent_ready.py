"""See `agent_ready`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.agent_processes import AGENT_PROCESSES

_PROBE = (
    AGENT_PROCESSES
    + """
agents
[ ! -e /var/lib/waagent/provisioned ] || echo "provisioned $(cat /var/lib/waagent/provisioned)"
"""
)


@check(
    Stage.AFTER_PROVISION,
    Family.LINUX,
    probe=sh_script(_PROBE),
    after=("boot_finished",),
    proof="namespace guest",
)
def agent_ready(output: Output) -> Iterator[str]:
    """The agent runs, and takes this machine for provisioned."""
    lines = output.stdout.splitlines()
    if not any(line.split(" ", 1)[0].isdigit() for line in lines):
        yield "the agent does not run"
    if not any(line.startswith("provisioned") for line in lines):
        yield "the agent does not take this machine for provisioned"
