"""The guest never says that it is ready: the VM runs, and its creation ends `OSProvisioningTimedOut`.

What an image does that was not generalized, or whose agent does not start (documented texts). Azure waits
some twenty minutes; here it is `data.seconds` (0). `data.agent` true: the agent talks all the same, and Azure
says that the image was not prepared. Set it on `PUT Microsoft.Compute/virtualMachines`.
"""

from __future__ import annotations

import asyncio

from localazure.arm.ids import ResourceId
from localazure.arm.world import World
from localazure.compute.errors import provisioning_timed_out
from localazure.faults.fault import Fault
from localazure.faults.kind import at


@at("provision")
async def provisioning_timeout(fault: Fault, world: World, rid: ResourceId) -> None:
    """Give up on the guest."""
    await asyncio.sleep(float(fault.data.get("seconds", 0)))
    raise provisioning_timed_out(rid.name, agent_running=bool(fault.data.get("agent")))
