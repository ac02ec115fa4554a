"""See `sysprep_tag_new`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.context import Context
from factory.windows.probe import moment, windows_check


@windows_check(Stage.BEFORE_CAPTURE, __file__)
def sysprep_tag_new(answer: dict[str, Any], context: Context) -> Iterator[str]:
    """Sysprep left its mark of success, and after this run began.

    A mark of an earlier run proves nothing of this one. Both times are the guest's own clock's.
    """
    if answer["tag"] is None:
        yield "Sysprep left no mark of success (Sysprep_succeeded.tag)"
    elif context.sysprep_began is None:
        yield "it is not known when this run began Sysprep"
    elif moment(answer["tag"]) < context.sysprep_began:
        yield f"the mark of success is older than this run: {answer['tag']}"
