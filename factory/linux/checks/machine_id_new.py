"""See `machine_id_new`."""

import re
from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(Stage.AFTER_PROVISION, Family.LINUX, probe=sh("cat", "/etc/machine-id"), proof="namespace guest")
def machine_id_new(output: Output, context: Context) -> Iterator[str]:
    """The machine has an ID, and not the source's."""
    found = output.stdout.strip()
    if not re.fullmatch("[0-9a-f]{32}", found):
        yield f"/etc/machine-id holds no ID: {found!r}"
    elif context.expected is None:
        yield "it is not known which ID the source has"
    elif found == context.expected.source.machine_id:
        yield "the machine ID is the source's"
