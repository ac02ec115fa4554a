"""Sysprep ran as SYSTEM on a release whose first start then shows a black screen (Server 2025).

Who runs it as an administrator does not meet it: such a run succeeds.
"""

from __future__ import annotations

from localazure.guests.windows.failures import Stall
from localazure.guests.windows.machine.machine import Machine

_FIRST_BUILD = 26100


def provoke(machine: Machine) -> None:
    """Be such a release; it is up to who starts Sysprep."""
    machine.document["os"]["build"] = _FIRST_BUILD


def first_start(machine: Machine) -> Stall | None:
    """The packages of the first start are not registered."""
    ran_as_system = machine.document.get("generalized_by") == "SYSTEM"
    return Stall() if ran_as_system and machine.os["build"] >= _FIRST_BUILD else None
