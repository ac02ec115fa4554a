"""See `cloud_init`."""

from collections.abc import Iterator

from factory.guest.command import MINUTE, Command, sh
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context

WANTED = ("--logs", "--seed")


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("agent_service",),
    paths=("/var/lib/cloud", "/var/log/cloud-init.log", "/var/log/cloud-init-output.log"),
    proof="QEMU guest",
)
def cloud_init(context: Context) -> Iterator[Command]:
    """Have cloud-init forget this machine, so that it provisions the next one.

    What is left of an instance makes it believe that it has been here: it then keeps users and keys of
    the old machine. Flags are those that this version's own help offers. Never `--machine-id`: until 23.1
    it *deletes* /etc/machine-id, and a machine without the file comes up without a network lease.
    """
    if context.facts.cloud_init:
        flags = [flag for flag in WANTED if flag in context.facts.cloud_init_clean_flags]
        yield sh("cloud-init", "clean", *flags, timeout=5 * MINUTE)
