"""See `image_state_generalized`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check

GENERALIZED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"


@windows_check(Stage.BEFORE_CAPTURE, __file__)
def image_state_generalized(answer: dict[str, Any]) -> Iterator[str]:
    """Windows says that it is generalized and will go through its first start.

    The one documented mark of success; the state file must not say otherwise.
    """
    if answer["registry"] != GENERALIZED:
        yield f"the image state is {answer['registry']}, not {GENERALIZED}"
    for line in answer["file"]:
        if line.partition("=")[2].strip() != GENERALIZED:
            yield f"the state file says {line}"
