"""A long-running operation is accepted and fails late: the work is done, and Azure calls it failed.

`data.code` and `data.message` are the error (`InternalExecutionError` of compute unless told otherwise,
documented). The resource stays with the provisioning state Failed. `data.early` true: the work was never
begun; a deletion is never begun either way, what it was about stays.
"""

from __future__ import annotations

from localazure.arm.errors import ArmError
from localazure.arm.operations import Job, Operation, Output
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import around
from localazure.faults.resources import leave


@around
async def lro_fails(fault: Fault, world: World, op: Operation, work: Job) -> Output:
    """Fail."""
    error = ArmError(
        500,
        str(fault.data.get("code", "InternalExecutionError")),
        str(fault.data.get("message", "An internal execution error occurred. Please retry later.")),
    )
    if not fault.data.get("early") and not op.kind.lower().endswith("delete"):
        await work(world, op)
    leave(world, op.rid, "Failed", error)
    raise error
