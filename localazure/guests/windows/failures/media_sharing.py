"""The sharing of media libraries over the network runs. Sysprep waits for its service, which does not stop."""

from __future__ import annotations

from localazure.guests.windows.failures import Blow, Line, Stage
from localazure.guests.windows.machine.machine import Machine

STAGE: Stage = "cleanup"


def provoke(machine: Machine) -> None:
    """Run the service of Windows Media Player's network sharing."""
    machine.document["services"]["wmpnetworksvc"] = {
        "name": "WMPNetworkSvc",
        "display": "Windows Media Player Network Sharing Service",
        "start": "Automatic",
        "autostart": True,
        "status": "Running",
    }


def strike(machine: Machine) -> Blow | None:
    """Its provider waits for the service."""
    service = machine.service("WMPNetworkSvc")
    if service is None or service["status"] != "Running":
        return None
    return Blow(
        (
            Line(
                "Info",
                "SYSPRP LaunchDll: Executing 'C:\\Program Files\\Windows Media Player\\wmpnssci.dll,Generalize'",
            ),
        ),
        hangs=True,
    )
