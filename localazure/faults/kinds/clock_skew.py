"""The service's clock goes wrong by `data.seconds` against the client's, from the first call that is hit on.

Azure's clocks are right and a worker's may not be; only the difference shows, so the difference is made here:
the `Date` header, the times of tokens, of access signatures and of resources are by this clock. The clocks of
machines are not touched: they have the computer's. Taking the fault back sets it right.
"""

from __future__ import annotations

from localazure.arm.calls import Call
from localazure.arm.world import World
from localazure.faults.fault import Fault
from localazure.faults.kind import before, cleared, watch


@before
def clock_skew(fault: Fault, call: Call) -> None:
    """Set the clock wrong."""
    keep_wrong(fault, call)


@watch
def keep_wrong(fault: Fault, call: Call) -> None:
    """After a restart of the server too."""
    call.world.clock.skew = float(fault.data.get("seconds", 600))


@cleared
def set_right(fault: Fault, world: World) -> None:
    """Right again."""
    world.clock.skew = 0.0
