"""A long-running operation is accepted, its work is done or not begun, and it stays InProgress for ever.

The status answers `InProgress` until the fault is taken back; then the operation goes on to its end. What
it is about can be deleted meanwhile: Azure preempts the older operation. `data.late` true: the work is done
first, only the end never comes.
"""

from __future__ import annotations

import asyncio

from localazure.arm.operations import Job, Operation, Output
from localazure.arm.world import World
from localazure.compute.errors import preempted
from localazure.faults.board import Faults
from localazure.faults.fault import Fault
from localazure.faults.kind import around
from localazure.faults.resources import going

_LOOK_SECONDS = 0.05


@around
async def lro_never_ends(fault: Fault, world: World, op: Operation, work: Job) -> Output:
    """Wait for the fault to be taken back."""
    late = bool(fault.data.get("late"))
    output = await work(world, op) if late else None
    while world.part(Faults).is_set(fault.id):
        if going(world, op.rid):
            raise preempted()
        await asyncio.sleep(_LOOK_SECONDS)
    return output if late else await work(world, op)
