"""Sysprep does not end: one of its providers waits for something that never comes."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Line, Stage
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "generalize"


def provoke(machine: Machine) -> None:
    """Let a provider wait for ever."""
    machine.document["behaviour"]["provider_waits"] = True


def strike(machine: Machine) -> Blow | None:
    """The provider is called, and does not return."""
    if not machine.document["behaviour"].get("provider_waits"):
        return None
    text = "SYSPRP ActionPlatform::LaunchModule: Executing method 'Sysprep_Generalize_Pnp' from C:\\Windows\\System32\\sppnp.dll"
    return Blow((Line("Info", text),), hangs=True)
