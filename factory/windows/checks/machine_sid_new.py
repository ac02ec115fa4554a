"""See `machine_sid_new`."""

import re
from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__)
def machine_sid_new(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """The machine has a SID of its own, not the source's."""
    found = answer["sid"] or ""
    if not re.fullmatch(r"S-1-5-21-\d+-\d+-\d+", found):
        yield f"the machine has no SID: {found!r}"
    elif context.expected is None:
        yield "it is not known which SID the source has"
    elif found == context.expected.source.machine_sid:
        yield "the machine SID is the source's"
