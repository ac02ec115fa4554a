"""Long-running operations: persisted before they begin, run as tasks, taken up again after a crash.

A job may be run twice (the server died in the middle), so every job must be idempotent: look at what is
there, do what is missing. What a job must remember between its steps it puts into `op.args` and saves with
`operations.save(op)`.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .calls import current_call
from .clock import stamp
from .errors import ArmError, internal_error
from .ids import ResourceId, key_of

if TYPE_CHECKING:
    from .world import World

log = logging.getLogger("localazure.operations")

IN_PROGRESS, SUCCEEDED, FAILED, CANCELED = "InProgress", "Succeeded", "Failed", "Canceled"
KEPT = timedelta(days=1)

Output = dict[str, Any] | list[Any] | None
Job = Callable[["World", "Operation"], Awaitable[Output]]
_JOBS: dict[str, Job] = {}


class CanceledError(ArmError):
    """Ends an operation as Canceled."""


@dataclass
class Operation:
    """One long-running operation, as it is persisted."""

    id: str
    kind: str
    subject: str
    """The key (lower-cased id) of the resource it works on."""
    target: str
    """The same id as written."""
    subscription: str
    location: str
    args: dict[str, Any]
    started: str
    provider: str = "Microsoft.Compute"
    flavour: str = "operations"
    partition: str = ""
    api_version: str = ""
    base: str = ""
    """`https://host:port` by which the client called: the URLs it gets back fit its certificate check."""
    status: str = IN_PROGRESS
    ended: str | None = None
    error: dict[str, Any] | None = None
    error_status: int = 500
    output: Output = None
    faults: list[dict[str, Any]] = field(default_factory=list)
    """What is to befall it (see `interference`)."""

    @property
    def rid(self) -> ResourceId:
        """The id of the resource it works on."""
        return ResourceId.parse(self.target)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status == IN_PROGRESS

    def fail(self, error: ArmError) -> None:
        """End with an error."""
        self.status = CANCELED if isinstance(error, CanceledError) else FAILED
        self.error, self.error_status = error.error(), error.status


def job(kind: str) -> Callable[[Job], Job]:
    """Register the work of one kind of operation."""

    def register(function: Job) -> Job:
        _JOBS[kind] = function
        return function

    return register


class Operations:
    """All operations of the server."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all: dict[str, Operation] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        for record in world.store.load_operations():
            self._all[record["id"]] = Operation(**record)

    def start(
        self,
        kind: str,
        *,
        subject: ResourceId,
        location: str,
        flavour: str = "operations",
        args: dict[str, Any] | None = None,
        provider: str = "Microsoft.Compute",
    ) -> Operation:
        """Persist an operation and schedule the job registered for its kind."""
        _JOBS[kind]  # an unknown kind is a programming error and must not be persisted
        call = current_call.get(None)
        op = Operation(
            id=str(uuid.uuid4()),
            kind=kind,
            subject=subject.key,
            target=subject.text,
            subscription=subject.subscription,
            location=location,
            args=dict(args or {}),
            started=stamp(self._world.clock.now()),
            provider=provider,
            flavour=flavour,
            partition=self._world.config.partition,
            api_version=call.api_version if call else "",
            base=call.base if call else self._world.config.endpoint,
            faults=self._world.interference.plant(call),
        )
        self.save(op)
        self._schedule(op)
        return op

    def save(self, op: Operation) -> None:
        """Write the operation's present state through."""
        self._all[op.id] = op
        self._world.store.save_operation(op.id, asdict(op))

    def get(self, operation_id: str) -> Operation | None:
        """An operation by its id."""
        return self._all.get(operation_id.lower())

    def busy(self, rid: ResourceId | str) -> Operation | None:
        """The operation in progress on this very resource, if there is one."""
        key = key_of(rid)
        return next((op for op in self._all.values() if op.running and op.subject == key), None)

    def running(self) -> list[Operation]:
        """All operations in progress."""
        return [op for op in self._all.values() if op.running]

    async def wait(self, op: Operation) -> None:
        """Until the operation ended (or the server stops)."""
        if (task := self._tasks.get(op.id)) is not None:
            await asyncio.wait({task})

    async def idle(self) -> None:
        """Until no operation runs, those included that start meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def resume(self) -> list[Operation]:
        """Run again what was in progress when the server died; forget what ended long ago."""
        self._forget_old(self._world.clock.now())
        taken_up = self.running()
        for op in taken_up:
            log.info("taking up %s on %s again", op.kind, op.target)
            self._schedule(op)
        return taken_up

    async def stop(self) -> None:
        """Leave all operations in progress as they are: the next server takes them up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_old(self, now: datetime) -> None:
        for op in list(self._all.values()):
            if op.ended and datetime.fromisoformat(op.ended[:26] + "+00:00") < now - KEPT:
                del self._all[op.id]
                self._world.store.forget_operation(op.id)

    def _schedule(self, op: Operation) -> None:
        task = asyncio.get_running_loop().create_task(self._run(op), name=f"{op.kind} {op.id}")
        self._tasks[op.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(op.id, None))

    async def _run(self, op: Operation) -> None:
        """Do the job and record how it ended; a cancelled task (the server stops) records nothing."""
        try:
            work = _JOBS.get(op.kind)
            if work is None:
                raise internal_error()
            op.output = await self._world.interference.work(self._world, op, work)
            op.status = SUCCEEDED
        except ArmError as error:
            op.fail(error)
        except Exception:
            log.exception("%s on %s broke", op.kind, op.target)
            op.fail(internal_error())
        op.ended = stamp(self._world.clock.now())
        self.save(op)
