"""See `clock_sane`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(Stage.AFTER_PROVISION, Family.LINUX, probe=sh("date", "+%s"), proof="namespace guest")
def clock_sane(output: Output, context: Context) -> Iterator[str]:
    """The clock is not behind the source's: certificates and tokens would not be valid yet."""
    said = output.stdout.strip()
    if not said.isdecimal():
        yield f"the clock says {said!r}"
    elif context.expected and int(said) < context.expected.source.time:
        yield f"the clock is {context.expected.source.time - int(said)} s behind the source's"
