"""See `temporary_files`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh
from factory.guest.units import Family, Phase, operation

DIRECTORIES = ("/tmp", "/var/tmp")  # noqa: S108  they themselves are meant: nothing is put there


@operation(Phase.GENERALIZE, Family.LINUX, after=("deprovision",), paths=DIRECTORIES, proof="namespace guest")
def temporary_files() -> Iterator[Command]:
    """Empty /tmp and /var/tmp, without following mounts.

    Late, because the agent and cloud-init leave files there while they clean.
    """
    yield sh("find", *DIRECTORIES, "-xdev", "-mindepth", "1", "-delete")
