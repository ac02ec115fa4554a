"""The guest's agent never takes up a script: the run command stays Running until Azure gives up on it.

The operation ends with `VMAgentStatusCommunicationError` (seen: azure-powershell#5741) after `data.seconds`,
or after as long as Azure waits (25 minutes, times the server's scale). Set it on
`PUT Microsoft.Compute/virtualMachines/runCommands` or `POST Microsoft.Compute/virtualMachines/runCommand`.
"""

from __future__ import annotations

import asyncio

from localazure.arm.operations import Job, Operation, Output
from localazure.arm.world import World
from localazure.compute.errors import agent_silent, preempted
from localazure.compute.patience import limit
from localazure.faults.fault import Fault
from localazure.faults.kind import around
from localazure.faults.resources import going, leave

_LOOK_SECONDS = 0.05


@around
async def run_command_hangs(fault: Fault, world: World, op: Operation, work: Job) -> Output:
    """Wait in vain."""
    ends = world.clock.epoch() + float(fault.data.get("seconds", limit(world, "agent")))
    while world.clock.epoch() < ends:
        if going(world, op.rid):
            raise preempted()
        await asyncio.sleep(_LOOK_SECONDS)
    machine = op.rid if op.rid.type.lower().endswith("virtualmachines") else op.rid.parent
    error = agent_silent(machine.name if machine else op.rid.name)
    leave(world, op.rid, "Failed", error)
    raise error
