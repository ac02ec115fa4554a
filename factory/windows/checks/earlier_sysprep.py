"""See `earlier_sysprep`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

_READY, _CLEANED = 7, 2


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="take a source from before that run (its backup): a half-generalized system cannot be repaired",
)
def earlier_sysprep(answer: dict[str, Any]) -> Iterator[str]:
    """No earlier Sysprep runs, or stopped half-way.

    After a failure a second run is refused ("the machine is in an invalid state", documented). The registry
    can be made to say otherwise; the system behind it is not repaired by that, so the factory does not.
    """
    if answer["running"]:
        yield "Sysprep is already running"
    if answer["image_state"] != "IMAGE_STATE_COMPLETE":
        yield f"the image state is {answer['image_state']}, not IMAGE_STATE_COMPLETE"
    if answer["generalization"] not in (None, _READY) or answer["cleanup"] not in (None, _CLEANED):
        yield (
            f"an earlier Sysprep stopped half-way (GeneralizationState {answer['generalization']}, "
            f"CleanupState {answer['cleanup']})"
        )
