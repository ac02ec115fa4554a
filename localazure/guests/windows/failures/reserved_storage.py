"""An update or servicing operation uses reserved storage. Sysprep's validation refuses."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, error
from localazure.guests.windows.machine.machine import Machine

KEY = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\ReserveManager"


def provoke(machine: Machine) -> None:
    """Leave a scenario active."""
    machine.registry.set(KEY, "ActiveScenario", 7)


def strike(machine: Machine) -> Blow | None:
    """spopk.dll asks the reserve manager."""
    if not machine.registry.value(KEY, "ActiveScenario", 0):
        return None
    return Blow(
        error(
            "SYSPRP Sysprep_Clean_Validate_Opk: Audit mode can't be turned on if there is an active scenario.; hr = 0x800F0975",
            "SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x975",
            "SYSPRP SysprepSession::Validate: Error in validating actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Cleanup.xml; dwRet = 0x975",
        )
    )
