"""Windows' servicing does not answer whether something is pending. Sysprep's validation ends."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, error
from localazure.guests.windows.machine.machine import Machine


def provoke(machine: Machine) -> None:
    """Disable the installer of Windows' modules."""
    machine.document["services"]["trustedinstaller"]["start"] = "Disabled"
    machine.registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\TrustedInstaller", "Start", 4)


def strike(machine: Machine) -> Blow | None:
    """spopk.dll cannot ask."""
    if machine.document["services"]["trustedinstaller"]["start"] != "Disabled":
        return None
    return Blow(
        error(
            "SYSPRP Sysprep_Clean_Validate_Opk: Failed to query pending CBS operations; hr = 0x80070422",
            "SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'Sysprep_Clean_Validate_Opk' from C:\\Windows\\System32\\spopk.dll; dwRet = 0x422",
        )
    )
