"""See `appx_per_user`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="Remove-AppxPackage -AllUsers -Package NAME, or provision it for all users; "
    "the operation `remove_user_appx` does the former",
)
def appx_per_user(answer: dict[str, Any]) -> Iterator[str]:
    """No Appx package is installed for a user alone.

    The best documented reason why Sysprep fails (0x80073cf2), and in many public logs. Frameworks and parts
    of Windows itself do not count.
    """
    for name in answer["packages"]:
        yield f"Appx package {name} is installed for a user and not provisioned for all"
