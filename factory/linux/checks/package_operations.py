"""See `package_operations`."""

from collections.abc import Iterator

from factory.guest.command import Command, Output
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


def _probe(context: Context) -> Command:
    return context.package_manager.pending


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=_probe, proof="namespace guest")
def package_operations(output: Output) -> Iterator[str]:
    """No package operation is under way or half done.

    Cut off in the middle, it leaves an image in which no package can be installed.
    """
    lines = [line.strip() for line in output.stdout.splitlines() if line.strip()]
    if lines:
        yield f"package operations are under way or half done: {lines[0]}"
