"""An answer file of one's own lies where Setup looks first. Azure's is not read, and provisioning fails."""

from __future__ import annotations

from localazure.guests.windows.failures import Stall
from localazure.guests.windows.machine.machine import Machine

PLACES = (
    r"C:\Windows\Panther\Unattend\Unattend.xml",
    r"C:\Windows\Panther\Unattend\Autounattend.xml",
    r"C:\Unattend.xml",
    r"C:\Autounattend.xml",
)


def provoke(machine: Machine) -> None:
    """Leave one."""
    machine.files.make_directory(r"C:\Windows\Panther\Unattend")
    machine.files.write_text(PLACES[0], '<unattend xmlns="urn:schemas-microsoft-com:unattend"/>')


def first_start(machine: Machine) -> Stall | None:
    """Setup takes the first file that it finds."""
    named = machine.registry.value(r"HKLM\SYSTEM\Setup", "UnattendFile", "")
    if named or any(machine.files.is_file(path) for path in PLACES):
        return Stall(
            "ProvisioningFailed: The answer file for this Windows installation was not the one of the provisioning media."
        )
    return None
