"""An update waits for a restart. Sysprep's validation refuses."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Line, error
from localazure.guests.windows.machine.machine import Machine

CBS = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
WU = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"


def provoke(machine: Machine) -> None:
    """Leave what an installed update leaves that a restart has to finish, and does not."""
    machine.registry.create(CBS)
    machine.registry.create(WU)
    machine.document["updates"]["reboot_required"] = True
    machine.document["behaviour"]["reboot_stays_pending"] = True


def strike(machine: Machine) -> Blow | None:
    """spopk.dll asks whether a restart is due."""
    if not (machine.registry.exists(CBS) or machine.registry.exists(WU)):
        return None
    return Blow(
        (
            Line("Warning", "SYSPRP WinMain: File operations pending"),
            *error(
                "SYSPRP There are one or more Windows updates that require a reboot. To run Sysprep, reboot the computer and "
                "restart the application.",
                "SYSPRP Sysprep_Clean_Validate_Opk: There are one or more Windows updates that require a reboot.; hr = 0x80070BC9",
                "SYSPRP SysprepSession::Validate: Error in validating actions from C:\\Windows\\System32\\Sysprep\\ActionFiles\\Cleanup.xml; dwRet = 0xbc9",
            ),
        )
    )
