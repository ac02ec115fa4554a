"""No free hardware: the VM is accepted, its disks are made, and powering it on fails.

`AllocationFailed`, or `data.code` `ZonalAllocationFailed` or `OverconstrainedAllocationRequest` (documented
texts: allocation-failure). The VM stays, with the provisioning state Failed; starting it later may work.
Set it on `PUT Microsoft.Compute/virtualMachines` or `POST Microsoft.Compute/virtualMachines/start`.
"""

from __future__ import annotations

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import at

_TEXTS = {
    "AllocationFailed": "Allocation failed. We do not have sufficient capacity for the requested VM "
    "size in this region. Read more about improving likelihood of allocation success at "
    "http://aka.ms/allocation-guidance",
    "ZonalAllocationFailed": "Allocation failed. We do not have sufficient capacity for the requested VM "
    "size in this zone. Read more about improving likelihood of allocation success at "
    "http://aka.ms/allocation-guidance",
    "OverconstrainedAllocationRequest": "Allocation failed. VM(s) with the following constraints cannot be "
    "allocated, because the condition is too restrictive. Please remove some constraints and try again.",
}


@at("power-on")
async def allocation_failed(fault: Fault, world: World, rid: ResourceId) -> None:
    """Fail."""
    code = str(fault.data.get("code", "AllocationFailed"))
    raise ArmError(409, code, _TEXTS.get(code, _TEXTS["AllocationFailed"]))
