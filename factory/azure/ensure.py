"""Make a thing that may already be there, and take one away that may already be gone.

A run that was killed is entered again and meets what it made: whole, half-made, failed, or being deleted. So
nothing is created without a look first, and nothing is taken that another run or a person made. Deleting has
one shape too: what is not there is fine, and what is still busy is waited for.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from factory.azure.client import Azure
from factory.azure.looking import Seen, look_until_done
from factory.azure.lro import Operation, Progress
from factory.errors import AzureFault, Busy, Conflict, NameTaken, NotFound, ProvisioningFailed
from factory.plan import TAG_RUN

T = TypeVar("T")

_WHOLE = "succeeded"
_BROKEN = ("failed", "canceled")
_GOING = "deleting"


@dataclass(frozen=True)
class Existing(Generic[T]):
    """What is there: the thing, its provisioning state, and its tags."""

    thing: T
    state: str | None
    tags: Mapping[str, str]

    def is_in(self, *states: str) -> bool:
        """Tell whether its provisioning state is one of these; spelling has no case."""
        return (self.state or _WHOLE).lower() in states


Look = Callable[[], Awaitable[Existing[T] | None]]


async def ensure(
    azure: Azure,
    what: str,
    *,
    look: Look[T],
    make: Callable[[timedelta], Awaitable[T]],
    remove: Callable[[timedelta], Awaitable[None]],
    tags: Mapping[str, str],
    deadline: timedelta,
    progress: Progress | None = None,
) -> T:
    """Return the thing: taken as it is, waited for, or made.

    Ours (the same `golden-run` tag) and whole: taken. Ours and under way: waited for. Ours and failed:
    deleted and made again. Being deleted: waited for, then made. Another's: `NameTaken`. Where the wanted
    tags name no run, ownership is not asked. `make` and `remove` get the time that is left.

    Raises what `make` raises, `ProvisioningFailed` where what was under way ended badly, and
    `OperationTimedOut`.
    """
    ends = azure.clock.monotonic() + deadline.total_seconds()

    def left() -> timedelta:
        return timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))

    found = await look()
    if found and found.is_in(_GOING):
        await _wait_gone(azure, what, look, left(), progress)
        found = None
    if found and found.is_in(*_BROKEN):
        _refuse_strangers(what, found, tags)
        await remove(left())
        found = None
    if found is None:
        try:
            return await make(left())
        except Conflict:  # an earlier request of ours was accepted although its answer was lost
            found = await look()
            if found is None or found.is_in(*_BROKEN, _GOING):
                raise
    _refuse_strangers(what, found, tags)
    if found.is_in(_WHOLE):
        return found.thing
    return await _wait_whole(azure, what, look, left(), progress)


def require_owner(what: str, tags: Mapping[str, str], run_id: str) -> None:
    """Raise `NameTaken` unless the tags say that this run made the thing."""
    owner = tags.get(TAG_RUN)
    if owner != run_id:
        raise NameTaken(what, f"run {owner}" if owner else "somebody else")


async def remove(
    azure: Azure,
    what: str,
    begin: Callable[[], Awaitable[Operation[Any]]],
    *,
    deadline: timedelta | None,
    progress: Progress | None = None,
) -> None:
    """Delete, and wait until it is gone; what is not there is fine, and what is busy is asked again.

    Without a deadline the deletion is ordered and nothing is waited for. Raises `ScopeLocked`, `InUse`,
    `OperationTimedOut`, and `Busy` where it stays so.
    """
    try:
        if deadline is None:
            await begin()
            return
        ends = azure.clock.monotonic() + deadline.total_seconds()
        operation = await _begin_when_free(azure, what, begin, deadline)
        left = timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))
        await azure.wait(operation, deadline=left, progress=progress)
    except NotFound:
        return


async def _begin_when_free(
    azure: Azure, what: str, begin: Callable[[], Awaitable[Operation[Any]]], deadline: timedelta
) -> Operation[Any]:
    ends = azure.clock.monotonic() + deadline.total_seconds()

    async def look() -> Seen[Operation[Any] | None]:
        try:
            return Seen(await begin(), "begun", done=True)
        except Busy as error:
            if azure.clock.monotonic() >= ends:
                raise
            return Seen(None, error.message, done=False)

    begun = await look_until_done(azure, what, look, deadline=deadline)
    assert begun is not None  # noqa: S101 - done only with an operation
    return begun


async def _wait_gone(
    azure: Azure, what: str, look: Look[T], deadline: timedelta, progress: Progress | None
) -> None:
    async def gone() -> Seen[None]:
        found = await look()
        return Seen(None, "an earlier one is being deleted", done=found is None)

    await look_until_done(azure, what, gone, deadline=deadline, progress=progress)


async def _wait_whole(
    azure: Azure, what: str, look: Look[T], deadline: timedelta, progress: Progress | None
) -> T:
    async def whole() -> Seen[T]:
        found = await look()
        if found is None:
            raise NotFound(what, AzureFault(text="it was being made and is gone"))
        if found.is_in(*_BROKEN, _GOING):
            raise ProvisioningFailed(what, AzureFault(text=f"its provisioning state is {found.state}"))
        return Seen(found.thing, found.state or "", found.is_in(_WHOLE))

    return await look_until_done(azure, what, whole, deadline=deadline, progress=progress)


def _refuse_strangers(what: str, found: Existing[Any], tags: Mapping[str, str]) -> None:
    wanted = tags.get(TAG_RUN)
    if wanted is not None:
        require_owner(what, found.tags, wanted)
