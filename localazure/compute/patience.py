"""How long Azure waits for a guest before it gives up on it.

The waits shrink with the server's scale like all others, but guests do not get faster: below the floor nobody
could pass. `LOCALAZURE_PATIENCE` (seconds) is that floor; a host whose guests are slow has a higher one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.arm.world import World

_SECONDS = {
    "provisioning": 1200.0,  # assumed: documentation says about 20 minutes for Linux
    "agent": 1500.0,  # seen: startTime to endTime of failed operations in public reports, 25 minutes
}
_FLOOR = 60.0


def limit(world: World, wait: str) -> float:
    """Seconds until the wait is over."""
    floor = getattr(world.guests, "patience", _FLOOR)
    return max(_SECONDS[wait] * world.time.scale, float(os.environ.get("LOCALAZURE_PATIENCE", floor)))
