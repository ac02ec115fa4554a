"""See `rearm_count`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import Doubt, windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="build from a machine that was generalized less often, or set SkipRearm in the answer file",
)
def rearm_count(answer: dict[str, Any]) -> Iterator[str]:
    """The activation can still be reset.

    Each Sysprep takes one of a limited number (documented); at none left it fails with 0xC004D307.
    """
    if answer["left"] == 0:
        yield "the activation cannot be reset any more (RemainingWindowsReArmCount is 0)"
    elif answer["left"] == 1:
        yield Doubt("the activation can be reset once more: no image can be made from this one's machines")
