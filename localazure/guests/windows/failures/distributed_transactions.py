"""The transaction coordinator cannot be generalized: its service is gone or disabled, or left from a failed run."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"
KEY = r"HKLM\SOFTWARE\Microsoft\MSDTC"


def provoke(machine: Machine) -> None:
    """Leave what a failed Sysprep leaves, and the service disabled."""
    machine.registry.set(KEY, "SysprepInProgress", 1)
    machine.document["services"]["msdtc"]["start"] = "Disabled"
    machine.registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\MSDTC", "Start", 4)


def strike(machine: Machine) -> Blow | None:
    """msdtcprx.dll is asked to generalize."""
    service = machine.service("MSDTC")
    if (
        service is not None
        and service["start"] != "Disabled"
        and not machine.registry.value(KEY, "SysprepInProgress", 0)
    ):
        return None
    return Blow(
        error(
            "[0x0f0082] SYSPRP LaunchDll:Failure occurred while executing 'C:\\Windows\\System32\\msdtcprx.dll,SysPrepDtcGeneralize', "
            "returned error code -2147023836",
            "[0x0f0070] SYSPRP RunExternalDlls:An error occurred while running registry sysprep DLLs, halting sysprep execution. dwRet = -2147023836",
        )
    )
