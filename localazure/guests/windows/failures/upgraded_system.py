"""The system was upgraded in place. Sysprep does not run on it."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, error
from localazure.guests.windows.machine.machine import Machine


def provoke(machine: Machine) -> None:
    """Leave the marks of an upgrade."""
    machine.registry.set(r"HKLM\SYSTEM\Setup", "Upgrade", 1)
    machine.registry.create(r"HKLM\SYSTEM\Setup\Source OS (Updated on 5/12/2025 10:11:12)")


def strike(machine: Machine) -> Blow | None:
    """spopk.dll reads the mark."""
    if machine.registry.value(r"HKLM\SYSTEM\Setup", "Upgrade", 0) != 1:
        return None
    return Blow(
        error(
            "[0x0f0036] SYSPRP spopk.dll:: Sysprep will not run on an upgraded OS. You can only run Sysprep on a custom (clean) install version of Windows.",
            "[0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x139f",
        )
    )
