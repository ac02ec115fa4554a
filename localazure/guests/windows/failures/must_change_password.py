"""The administrator must change the password at the next login. Sysprep says nothing; the image's first start stalls."""

from __future__ import annotations

from localazure.guests.windows.failures import Stall
from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.users import ADMINISTRATORS


def provoke(machine: Machine) -> None:
    """Set the flag on an administrator that is nobody's way in."""
    account = machine.users.create("opsadmin", "Unused-Pass-99", groups=[ADMINISTRATORS])
    account["must_change"] = True
    account["password_set"] = None


def first_start(machine: Machine) -> Stall | None:
    """Setup's own login of an administrator is refused."""
    for account in machine.users.members(ADMINISTRATORS):
        if account["must_change"] and account["enabled"]:
            return Stall()
    return None
