"""See `domain_membership`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE, __file__, remedy="take the machine out of the domain (Remove-Computer)"
)
def domain_membership(answer: dict[str, Any]) -> Iterator[str]:
    """The machine is in no domain.

    Sysprep takes a member out of its domain without a word, and the computer account stays behind: documented
    as unsupported.
    """
    if answer["joined"]:
        yield f"the machine is a member of the domain {answer['domain']}"
