"""The machine dies, as if its power failed: what was not written to its disks is lost, no shutdown runs.

Set it on `GUEST start`, the power-on of a machine, narrowed by `resource`. It dies `data.seconds` after that,
or after `data.bytes` of the `data.connection`-th connection to `data.port` (22), or when `data.path_gone`
vanishes in the guest: `/var/lib/waagent/provisioned` goes when a guest is deprovisioned.
"""

from __future__ import annotations

from localazure.arm.store import Document
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import on_start_of_machine
from localazure.faults.machines import disturb


@on_start_of_machine("die")
async def guest_dies(fault: Fault, world: World, vm: Document) -> None:
    """Arm it."""
    await disturb(fault, world, vm, "die")
