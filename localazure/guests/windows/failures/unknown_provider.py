"""A provider that some product registered fails, in words that no catalogue has."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Stage, error
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Install the product."""
    machine.document["behaviour"]["unknown_provider"] = True


def strike(machine: Machine) -> Blow | None:
    """Its provider is called."""
    if not machine.document["behaviour"].get("unknown_provider"):
        return None
    return Blow(
        error(
            "[0x0f0082] SYSPRP LaunchDll:Failure occurred while executing 'C:\\Program Files\\Contoso\\backupagent.dll,Generalize', "
            "returned error code 1359",
            "[0x0f00a8] SYSPRP WinMain:Hit failure while processing sysprep generalize providers; hr = 0x8007054f",
        )
    )
