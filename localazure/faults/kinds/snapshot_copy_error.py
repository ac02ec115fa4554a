"""The background copy of a snapshot fails: its creation has succeeded, its content never becomes whole.

`completionPercent` stops at `data.percent` (42) and `copyCompletionError` says `CopySourceNotFound`, the one
reason that Azure has (documented: the source was deleted while the copy went on; the sentence is assumed).
Set it on `PUT Microsoft.Compute/snapshots`.
"""

from __future__ import annotations

from localazure.arm.operations import Job, Operation, Output
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import around


@around
async def snapshot_copy_error(fault: Fault, world: World, op: Operation, work: Job) -> Output:
    """Make the snapshot, and write the failure into it."""
    output = await work(world, op)
    doc = world.store.get(op.rid)
    if doc is None or not doc["properties"].get("incremental"):
        return output
    doc["_copy_error"] = {
        "percent": float(fault.data.get("percent", 42)),
        "errorCode": "CopySourceNotFound",
        "errorMessage": "The source snapshot was deleted while the background copy was in progress.",
    }
    world.store.put(doc)
    return output
