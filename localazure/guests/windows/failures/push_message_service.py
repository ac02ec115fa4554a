"""The service that routes push messages was disabled to slim the system; its provider cannot generalize."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Disable it."""
    machine.document["services"]["dmwappushservice"]["start"] = "Disabled"
    machine.registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\dmwappushservice", "Start", 4)


def strike(machine: Machine) -> Blow | None:
    """dmwappushsvc.dll is called."""
    service = machine.service("dmwappushservice")
    if service is not None and service["start"] != "Disabled":
        return None
    return Blow(
        error(
            "[0x0f0082] SYSPRP ActionPlatform::LaunchModule: Failure occurred while executing 'C:\\Windows\\System32\\dmwappushsvc.dll,DmWapPushGeneralize'; dwRet = 0x422",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep generalize providers; hr = 0x80070422",
        )
    )
