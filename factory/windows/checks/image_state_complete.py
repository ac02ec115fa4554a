"""See `image_state_complete`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__)
def image_state_complete(answer: dict[str, Any]) -> Iterator[str]:
    """The machine has come through specialize and its first start."""
    if answer["image_state"] != "IMAGE_STATE_COMPLETE":
        yield f"the image state is {answer['image_state']}, not IMAGE_STATE_COMPLETE"
