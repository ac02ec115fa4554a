"""What can go wrong with a running machine, on request. A host may offer it; none has to.

A host that does has `disturb` and says in `disturbances` which effects it knows.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, runtime_checkable

Effect = Literal["cut", "die", "fill"]


@dataclass(frozen=True)
class Disturbance:
    """One effect, once: the connection is cut with a reset, the machine dies as if its power failed (and its
    connection with it), or its disk has no space left.

    Its moment is after so many bytes of a connection, counted in both directions; or when a path of the
    guest that was there is gone (a deprovisioning has begun); or after so many seconds.
    """

    effect: Effect
    port: int = 22
    connection: int = 1
    """The n-th to this port from now on."""
    after_bytes: int | None = None
    path_gone: str | None = None
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """As it travels to the machine's supervisor."""
        return asdict(self)


@runtime_checkable
class Disturbable(Protocol):
    """A host that can have things go wrong."""

    disturbances: frozenset[str]

    async def disturb(self, machine_id: str, disturbance: Disturbance) -> None:
        """Have it happen to a running machine at its moment; returns at once."""
