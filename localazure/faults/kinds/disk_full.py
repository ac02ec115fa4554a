"""The machine's disk has no space left: whoever writes to it is told so (`No space left on device`).

Set it on `GUEST start`, the power-on of a machine, narrowed by `resource`. The disk fills up `data.seconds`
after that, or after `data.bytes` of the `data.connection`-th connection to `data.port` (22), or when
`data.path_gone` vanishes in the guest. What is there can be read, and removing it makes no room. Windows has
a failure of this name of its own.
"""

from __future__ import annotations

from localazure.arm.store import Document
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import on_start_of_machine
from localazure.faults.machines import disturb


@on_start_of_machine("fill")
async def disk_full(fault: Fault, world: World, vm: Document) -> None:
    """Arm it."""
    await disturb(fault, world, vm, "fill")
