"""A long-running operation is accepted and ends as Canceled: by an administrator, or by a newer operation.

The status is `Canceled` with the code `OperationPreempted` and compute's sentence (seen:
azure-sdk-for-python#5167); its work was not begun, and a resource that was to be made or changed stays with
the provisioning state Canceled (assumed).
"""

from __future__ import annotations

from localazure.arm.operations import CanceledError, Job, Operation, Output
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import around
from localazure.faults.resources import leave


@around
async def lro_canceled(fault: Fault, world: World, op: Operation, work: Job) -> Output:
    """Cancel."""
    error = CanceledError(
        409, "OperationPreempted", "Operation execution has been preempted by a more recent operation."
    )
    leave(world, op.rid, "Canceled", error)
    raise error
