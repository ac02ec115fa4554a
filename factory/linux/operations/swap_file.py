"""See `swap_file`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("agent_service",),
    paths=("/mnt/*/swapfile",),
    proof="real commands",
)
def swap_file(context: Context) -> Iterator[Command]:
    """Remove the agent's own swap file.

    It may hold memory of the old machine, and lies on the root disk where there is no resource disk. The
    agent makes it again. A swap file that the user put into fstab is the user's.
    """
    if context.facts.agent_says("ResourceDisk.EnableSwap"):
        folder = context.facts.agent_conf.get("ResourceDisk.MountPoint", "/mnt/resource")
        path = f"{folder}/swapfile"
        yield sh("swapoff", path).if_exists(path)
        yield sh("rm", "-f", "--", path)
