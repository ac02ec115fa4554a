"""An earlier Sysprep stopped half-way. A second one is refused, as Microsoft means it."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, error
from localazure.guests.windows.machine.baseline import SYSPREP_STATUS
from localazure.guests.windows.machine.machine import Machine


def provoke(machine: Machine) -> None:
    """Leave the record of a run that did not end."""
    machine.registry.set(SYSPREP_STATUS, "GeneralizationState", 3)
    machine.registry.set(SYSPREP_STATUS, "CleanupState", 2)


def strike(machine: Machine) -> Blow | None:
    """The recorded state is read before the first provider."""
    if machine.registry.value(SYSPREP_STATUS, "GeneralizationState", 7) == 7:
        return None
    return Blow(
        error(
            "[0x0f0073] SYSPRP RunExternalDlls:Not running DLLs; either the machine is in an invalid state or we couldn't update the "
            "recorded state, dwRet = 31",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep cleanup external providers; hr = 0x8007001f",
        )
    )
