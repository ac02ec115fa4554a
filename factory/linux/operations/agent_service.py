"""See `agent_service`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Command, sh, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.agent_processes import AGENT_PROCESSES
from factory.linux.context import Context

_END = (
    AGENT_PROCESSES
    + """
agents | while read -r pid _; do kill "$pid"; done
for second in 1 2 3 4 5 6 7 8 9 10; do
    [ -z "$(agents)" ] && exit 0
    sleep 1
done
agents | while read -r pid _; do kill -KILL "$pid"; done
"""
)


@operation(Phase.GENERALIZE, Family.LINUX, proof="namespace guest")
def agent_service(context: Context) -> Iterator[Command]:
    """Stop the Azure agent, before anything else.

    An agent that runs writes its state again while it is being removed. The service is asked first; an agent
    that was started by hand, or whose unit is not the distribution's own, is ended by its process. Nobody is
    left to run a Run Command after this.
    """
    yield sh("systemctl", "stop", context.distro.agent_service, timeout=120).if_exists("/run/systemd/system")
    yield sh_script(_END, timeout=5 * MINUTE)
