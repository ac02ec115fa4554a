"""See `hostname_taken`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(
    Stage.AFTER_PROVISION, Family.LINUX, probe=sh("cat", "/proc/sys/kernel/hostname"), proof="namespace guest"
)
def hostname_taken(output: Output, context: Context) -> Iterator[str]:
    """The machine has taken the host name that it was given: proof that somebody provisioned it."""
    name = output.stdout.strip().split(".")[0]
    if context.expected is None:
        yield "it is not known which host name the machine was given"
    elif name.lower() != context.expected.hostname.lower():
        yield f"the host name is {name}, not {context.expected.hostname}"
