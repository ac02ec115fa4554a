"""See `pending_renames`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(Stage.BEFORE_GENERALIZE, __file__, remedy="restart the machine")
def pending_renames(answer: dict[str, Any]) -> Iterator[str]:
    """No file waits to be renamed or deleted at the next start.

    Sysprep warns of it ("File operations pending") and goes on; what is generalized then is a state between
    two versions of a file.
    """
    if answer["renames"]:
        first = answer["renames"][0].removeprefix("\\??\\")
        yield f"{len(answer['renames'])} file operations wait for a restart, the first is {first}"
