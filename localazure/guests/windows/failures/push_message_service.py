"""The service that routes push messages was disabled to slim the system. Sysprep waits for it, and does not end."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Line, Stage
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Disable it."""
    machine.document["services"]["dmwappushservice"]["start"] = "Disabled"
    machine.registry.set(r"HKLM\SYSTEM\CurrentControlSet\Services\dmwappushservice", "Start", 4)


def strike(machine: Machine) -> Blow | None:
    """Its provider waits for the service [public reports, without a log: the words are the model's]."""
    service = machine.service("dmwappushservice")
    if service is not None and service["start"] != "Disabled":
        return None
    text = "SYSPRP ActionPlatform::LaunchModule: Executing method 'DmWapPushGeneralize' from C:\\Windows\\System32\\dmwappushsvc.dll"
    return Blow((Line("Info", text),), hangs=True)
