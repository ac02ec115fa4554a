"""Waiting for a state that no operation stands for: an agent, a copy in the background, a replication.

The sibling of `lro.py`, with the same manners: a deadline, looks that follow each other ever slower, and
the last state seen in whatever is raised.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from factory.azure.client import Azure
from factory.azure.lro import FIRST_INTERVAL, GROWTH, LONGEST_INTERVAL, Progress
from factory.errors import OperationTimedOut

T = TypeVar("T")


@dataclass(frozen=True)
class Seen(Generic[T]):
    """What one look showed: the thing, its state in words, and whether that is what is waited for."""

    thing: T
    state: str
    done: bool


async def look_until_done(
    azure: Azure,
    what: str,
    look: Callable[[], Awaitable[Seen[T]]],
    *,
    deadline: timedelta,
    progress: Progress | None = None,
    longest: float = LONGEST_INTERVAL,
) -> T:
    """Look until it is done and return the thing; `OperationTimedOut` at the deadline.

    Looks follow each other in `longest` seconds at the most. `look` raises where the state can no longer
    become what is waited for.
    """
    ends = azure.clock.monotonic() + deadline.total_seconds()
    interval = FIRST_INTERVAL
    while True:
        seen = await look()
        if seen.done:
            return seen.thing
        if progress:
            progress(seen.state)
        remaining = ends - azure.clock.monotonic()
        if remaining <= 0:
            raise OperationTimedOut(what, deadline, seen.state)
        await azure.clock.sleep(min(interval, remaining))
        interval = min(interval * GROWTH, longest)
