"""How long Azure takes, and how much of it we wait.

Figures are seconds of typical operations, multiplied by the server's scale (0 in tests: no waiting at all).
They are there so that a demonstration feels like the service and waiting code meets waits; nothing is decided
by them.
"""

from __future__ import annotations

import asyncio

ASSUMED = "assumed: what the portal commonly shows"
RECORDED = "recorded: startTime to endTime of one operation"

PROFILE: dict[str, tuple[float, str]] = {
    "group.delete": (20.0, ASSUMED),
    "provider.register": (30.0, ASSUMED),
    "network.nic": (2.0, ASSUMED),
    "network.vnet": (4.0, ASSUMED),
    "network.subnet": (4.0, ASSUMED),
    "network.nsg": (4.0, ASSUMED),
    "network.ip": (3.0, ASSUMED),
    "network.delete": (10.0, ASSUMED),
    "storage.create": (15.0, ASSUMED),
    "vm.create": (40.0, ASSUMED + ", without the guest's own provisioning"),
    "vm.update": (10.0, ASSUMED),
    "vm.start": (20.0, ASSUMED),
    "vm.restart": (20.0, ASSUMED),
    "vm.redeploy": (120.0, ASSUMED),
    "vm.powerOff": (20.0, ASSUMED),
    "vm.deallocate": (35.0, ASSUMED),
    "vm.delete": (40.0, ASSUMED),
    "vm.runCommand": (20.0, "documented: a run command takes about 20 seconds at least"),
    "disk.create": (0.1, RECORDED),
    "disk.update": (0.1, RECORDED),
    "disk.delete": (0.2, RECORDED),
    "disk.access": (0.3, RECORDED),
    "snapshot.create": (1.0, RECORDED),
    "snapshot.copy": (60.0, ASSUMED + " for the background copy of an incremental snapshot"),
    "snapshot.delete": (0.3, RECORDED),
    "restorePoint.create": (45.0, ASSUMED),
    "restorePoint.delete": (10.0, ASSUMED),
    "image.create": (15.0, ASSUMED),
    "image.delete": (15.0, ASSUMED),
    "gallery.create": (15.0, ASSUMED),
    "gallery.update": (10.0, ASSUMED),
    "gallery.delete": (10.0, ASSUMED),
    "definition.create": (5.0, ASSUMED),
    "definition.update": (5.0, ASSUMED),
    "definition.delete": (10.0, ASSUMED),
    "version.create": (240.0, ASSUMED + ": minutes, longer with more data and regions"),
    "version.update": (60.0, ASSUMED),
    "version.delete": (30.0, ASSUMED),
    "version.replicate": (120.0, ASSUMED + " for each further region"),
}

_PATIENCE, _MOST_SECONDS = 0.1, 0.8


class TimeProfile:
    """Waits as long as Azure would, times the scale."""

    def __init__(self, scale: float) -> None:
        self.scale = scale

    def seconds(self, name: str) -> float:
        """The scaled duration of an operation; KeyError for one that has no figure."""
        return PROFILE[name][0] * self.scale

    async def take(self, name: str) -> None:
        """Wait for an operation's duration."""
        await asyncio.sleep(self.seconds(name))

    def poll_headers(self, name: str | None = None, *, age: float = 0.0) -> dict[str, str]:
        """Tell when to ask again: whole seconds in `Retry-After`, less in `x-ms-retry-after-ms`.

        The SDK reads `Retry-After` first and only as an integer above zero, so never both. Ten seconds is
        what Azure commonly asks for (assumed). Where time is scaled away, an operation that has been running
        for `age` seconds waits for a machine, and who asks often takes the processor from it.
        """
        wanted = self.seconds(name) if name else 10.0 * self.scale
        if min(wanted, 10.0) >= 1:
            return {"Retry-After": str(int(min(wanted, 10.0)))}
        grown = min(_PATIENCE * age, _MOST_SECONDS)
        return {"x-ms-retry-after-ms": str(max(50, int(max(wanted, grown) * 1000)))}
