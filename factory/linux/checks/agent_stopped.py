"""See `agent_stopped`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.agent_processes import AGENT_PROCESSES


@check(
    Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh_script(AGENT_PROCESSES + "agents\n"), proof="namespace guest"
)
def agent_stopped(output: Output) -> Iterator[str]:
    """The agent does not run: it would write its state again."""
    for line in output.stdout.splitlines():
        pid, _, words = line.partition(" ")
        yield f"the agent runs as process {pid}: {words.strip()}"
