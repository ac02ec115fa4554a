"""The disk of the system has no space left. Sysprep cannot write what it must."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import GB, Machine

STAGE: Stage = "cleanup"
_NEEDED = 100 << 20


def provoke(machine: Machine) -> None:
    """Fill the disk to a few MiB."""
    disk = machine.document["disk"]
    free = machine.files.free(machine.drives()["C"])
    disk["used_gb"] += max(free - (24 << 20), 0) / GB


def strike(machine: Machine) -> Blow | None:
    """A provider backs up what it is about to change."""
    if machine.files.free(machine.drives()["C"]) >= _NEEDED:
        return None
    return Blow(
        error(
            "SYSPRP BackupRegistry: Failed to save the registry hive; There is not enough space on the disk. (0x80070070)",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep cleanup internal providers; hr = 0x80070070",
        )
    )
