"""See `sysprep_ended`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(Stage.BEFORE_CAPTURE, __file__)
def sysprep_ended(answer: dict[str, Any]) -> Iterator[str]:
    """No Sysprep process is left."""
    if answer["processes"]:
        yield f"{answer['processes']} Sysprep processes still run"
