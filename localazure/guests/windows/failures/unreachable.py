"""The network takes every connection over WinRM, from the moment at which Sysprep begins. The machine works on."""

from __future__ import annotations

from localazure.guests.windows.failures import Moment
from localazure.guests.windows.machine.machine import Machine

MOMENT: Moment = "sysprep"


def provoke(machine: Machine) -> None:
    """Cut each connection at its first answer."""
    machine.document["behaviour"]["unreachable"] = True
