"""The driver of CD and DVD drives is disabled, or a policy denies removable storage: Azure's DVD cannot be read."""

from __future__ import annotations

from localazure.guests.windows.failures import Stall
from localazure.guests.windows.machine.machine import Machine

DRIVER = r"HKLM\SYSTEM\CurrentControlSet\Services\cdrom"
POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices"


def provoke(machine: Machine) -> None:
    """Disable the driver."""
    machine.registry.set(DRIVER, "Start", 4)


def first_start(machine: Machine) -> Stall | None:
    """Setup looks for its answers on the DVD."""
    denied = machine.registry.value(POLICY, "Deny_All", 0)
    return Stall() if machine.registry.value(DRIVER, "Start", 1) == 4 or denied else None
