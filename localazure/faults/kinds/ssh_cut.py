"""A connection to a machine is cut by a reset, after any byte: a firewall, a NAT, a network that goes away.

Set it on `GUEST start`, the power-on of a machine, narrowed by `resource`. The `data.connection`-th (1)
connection to `data.port` (22) is cut after `data.bytes` (0) in both directions together. The machine itself
lives on, and so does what was started in it.
"""

from __future__ import annotations

from localazure.arm.store import Document
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import on_start_of_machine
from localazure.faults.machines import disturb


@on_start_of_machine("cut")
async def ssh_cut(fault: Fault, world: World, vm: Document) -> None:
    """Arm it."""
    fault.data.setdefault("bytes", 0)
    await disturb(fault, world, vm, "cut")
