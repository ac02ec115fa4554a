"""A role is installed that Sysprep does not support. Sysprep runs all the same; what breaks, breaks later."""

from __future__ import annotations

from localazure.guests.windows.machine.machine import Machine


def provoke(machine: Machine) -> None:
    """Install a certification authority."""
    machine.document["features"]["ad-certificate"]["installed"] = True
