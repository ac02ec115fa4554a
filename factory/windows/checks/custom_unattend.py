"""See `custom_unattend`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="remove the file; the operation `remove_unattend` does so. Azure gives each machine its own",
)
def custom_unattend(answer: dict[str, Any]) -> Iterator[str]:
    """No answer file of one's own lies where Sysprep and Setup would find it.

    Azure brings its own at provisioning and supports no other (documented): the machine may hang in it, or
    take its name and password from the wrong one.
    """
    for path in answer["files"]:
        yield f"there is an answer file at {path}"
    if answer["registry"]:
        yield f"HKLM\\SYSTEM\\Setup names an answer file, {answer['registry']}"
