"""A modelled Windows machine gets into a state in which Sysprep, or the first start of its image, fails.

Set it on `GUEST start`, the power-on of a machine, narrowed by `resource`. `data.state` is the state's name
(`appx-per-user`); `data.moment` says when it comes about: `start` (before the agent's first word) or
`sysprep` (when Sysprep begins, after every look that was taken before).
"""

from __future__ import annotations

from localazure.arm.store import Document
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import on_start_of_machine


@on_start_of_machine("windows-state")
async def windows_state(fault: Fault, world: World, vm: Document) -> None:
    """Arm it."""
    # only the host of modelled Windows machines has this effect, and this method
    bring = world.guests.bring_about  # type: ignore[attr-defined]
    bring(vm["properties"]["vmId"], fault.data["state"], fault.data.get("moment", "start"))
