"""The store of the boot configuration cannot be written: the system partition is damaged or not there."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Damage the store; the machine that runs does not need it."""
    machine.document["boot_store"] = "damaged"


def strike(machine: Machine) -> Blow | None:
    """spbcd.dll opens the store."""
    if machine.document.get("boot_store", "good") == "good":
        return None
    return Blow(
        error(
            "[0x0f0082] SYSPRP LaunchDll:Failure occurred while executing 'C:\\Windows\\System32\\spbcd.dll,Sysprep_Generalize_Bcd', "
            "returned error code 2[gle=0x00000002]",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep generalize providers; hr = 0x80070002",
        )
    )
