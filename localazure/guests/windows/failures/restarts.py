"""The machine restarts while Sysprep runs: an update agent or an installer that nobody asked."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Line, Stage
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Let something wait for its moment."""
    machine.document["behaviour"]["restarts"] = True


def strike(machine: Machine) -> Blow | None:
    """It restarts the machine."""
    if not machine.document["behaviour"].get("restarts"):
        return None
    text = "SYSPRP ActionPlatform::LaunchModule: Executing method 'Sysprep_Generalize_Pnp' from C:\\Windows\\System32\\sppnp.dll"
    return Blow((Line("Info", text),), restarts=True)
