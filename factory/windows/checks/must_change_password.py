"""See `must_change_password`."""

from collections.abc import Iterator
from typing import Any

from factory.guest.units import Stage
from factory.windows.probe import windows_check


@windows_check(
    Stage.BEFORE_GENERALIZE,
    __file__,
    remedy="clear the flag: net user NAME /logonpasswordchg:no (add mend: clear_password_change)",
)
def must_change_password(answer: dict[str, Any]) -> Iterator[str]:
    """No enabled account must change its password at the next logon.

    With the flag on the administrator, machines from the image end in OSProvisioningTimedOut although they
    boot (kubernetes-sigs/image-builder#2117).
    """
    for name in answer["users"]:
        yield f"the account {name} must change its password at the next logon"
