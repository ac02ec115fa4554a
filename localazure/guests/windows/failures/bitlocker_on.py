"""BitLocker is on for the volume of the system. Sysprep's validation refuses."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, error
from localazure.guests.windows.machine.machine import Machine


def provoke(machine: Machine) -> None:
    """Encrypt C:."""
    machine.document["bitlocker"]["C"] = {"conversion": 1, "protection": 1}


def strike(machine: Machine) -> Blow | None:
    """BdeSysprep.dll looks at the volume."""
    if not machine.document["bitlocker"]["C"]["conversion"]:
        return None
    return Blow(
        error(
            "SYSPRP BitLocker-Sysprep: BitLocker is on for the OS volume. Turn BitLocker off to run Sysprep. (0x80310039)",
            "SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'ValidateBitLockerState' from C:\\Windows\\System32\\BdeSysprep.dll; dwRet = 0x80310039",
            "SYSPRP SysprepSession::Validate: Error in validating actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Generalize.xml; dwRet = 0x80310039",
        )
    )
