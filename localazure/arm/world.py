"""What a running server consists of; every route and job gets it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from localazure.guests.base import Host

from .clock import Clock
from .ids import ResourceId
from .interference import Interference
from .operations import Operations
from .store import Store
from .timing import TimeProfile

log = logging.getLogger("localazure")


@dataclass(frozen=True)
class Config:
    """Who this Azure is and where it lives."""

    state: Path
    endpoint: str
    tenant: str
    subscription: str
    client_id: str
    partition: str
    """A constant of the region's compute service; part of the URLs of its operations (recorded: `p=`)."""
    token_seconds: int = 3600
    guest: str = "none"


Part = TypeVar("Part")
Hook = Callable[["World"], Awaitable[None]]
_ON_START: list[Hook] = []


def on_start(hook: Hook) -> Hook:
    """Register what a service does when the server starts, before operations are taken up again."""
    _ON_START.append(hook)
    return hook


class World:
    """The server's parts."""

    def __init__(self, config: Config, store: Store, time: TimeProfile, clock: Clock, guests: Host) -> None:
        self.config, self.store, self.time, self.clock, self.guests = config, store, time, clock, guests
        self.log = log
        self.interference = Interference()
        self.operations = Operations(self)
        self.missing: Counter[str] = Counter(store.fact("missing", {}))
        """What clients asked for that is not implemented, and how often."""
        self.stopping = asyncio.Event()
        """Set to end the server."""
        self.keep_machines = False
        self._parts: dict[Any, Any] = {}
        self._background: set[asyncio.Task[Any]] = set()

    def part(self, kind: Callable[[World], Part]) -> Part:
        """The one instance of a service's own class in this world, made when first asked for."""
        if kind not in self._parts:
            self._parts[kind] = kind(self)
        found: Part = self._parts[kind]
        return found

    async def begin(self) -> None:
        """Run the services' start hooks, then take up interrupted operations."""
        for hook in _ON_START:
            await hook(self)
        self.operations.resume()

    async def end(self) -> None:
        """Stop all work; nothing of the state is lost."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.operations.stop()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run work beside everything else (what must survive a restart is an operation or a start hook)."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work %s broke", task.get_name(), exc_info=error)

    def count_missing(self, what: str) -> None:
        """Count a request for something that is not implemented."""
        self.missing[what] += 1
        self.store.set_fact("missing", dict(self.missing))

    def settled(self, rid: ResourceId) -> ResourceId:
        """The id in the casing of its creation; for a new resource, under its parent's and group's casing."""
        if (doc := self.store.get(rid)) is not None:
            return ResourceId.parse(doc["id"])
        parent = rid.parent
        if parent is None:
            return rid
        above = self.settled(parent)
        if len(rid.types) > 1:
            return above.child(rid.types[-1], rid.names[-1])
        if rid.extends is not None:
            return replace(rid, extends=above)
        if rid.provider is not None:
            return replace(rid, subscription=above.subscription, group=above.group)
        return replace(rid, subscription=above.subscription)
