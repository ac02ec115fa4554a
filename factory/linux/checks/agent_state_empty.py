"""See `agent_state_empty`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check


@check(
    Stage.BEFORE_CAPTURE,
    Family.LINUX,
    probe=sh_script("[ ! -d /var/lib/waagent ] || find /var/lib/waagent -mindepth 1 -maxdepth 1"),
    proof="namespace guest",
)
def agent_state_empty(output: Output) -> Iterator[str]:
    """The agent has forgotten this machine.

    With `provisioned` left over, the agent of the next machine takes itself for provisioned and does nothing.
    """
    names = sorted(line.rsplit("/", 1)[-1] for line in output.stdout.splitlines())
    if "provisioned" in names:
        yield "/var/lib/waagent/provisioned is there: the next machine would not be provisioned"
    elif names:
        yield f"/var/lib/waagent still holds {', '.join(names[:5])}"
