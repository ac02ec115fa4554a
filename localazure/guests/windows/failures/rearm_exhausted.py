"""The activation was reset as often as it may be: each Sysprep takes one reset, unless SkipRearm is set."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"
SKIP = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform"


def provoke(machine: Machine) -> None:
    """Use up the resets."""
    machine.document["licensing"]["rearms"] = 0


def skips(machine: Machine) -> bool:
    """Whether Sysprep is told not to reset the activation."""
    return bool(machine.registry.value(SKIP, "SkipRearm", 0)) or bool(
        machine.document.get("sysprep_skip_rearm")
    )


def strike(machine: Machine) -> Blow | None:
    """slc.dll is asked to reset."""
    if machine.document["licensing"]["rearms"] > 0 or skips(machine):
        return None
    return Blow(
        error(
            "[0x0f0082] SYSPRP LaunchDll:Failure occurred while executing 'C:\\Windows\\System32\\slc.dll,SLReArmWindows', returned error code -1073425657",
            "[0x0f0070] SYSPRP RunExternalDlls:An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = -1073425657",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep generalize providers; hr = 0xc004d307",
        )
    )
