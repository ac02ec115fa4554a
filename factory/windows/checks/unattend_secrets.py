"""See `unattend_secrets`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(Stage.AFTER_PROVISION, __file__, remedy="remove the answer file before Sysprep")
def unattend_secrets(answer: dict[str, Any]) -> Iterator[str]:
    """No answer file holds a password.

    Setup blanks those it has used (`*SENSITIVE*DATA*DELETED*`); others stay readable. Only the places are
    told, never the values.
    """
    for place in answer["secrets"]:
        yield f"a password is readable in {place}"
