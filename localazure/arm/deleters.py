"""How each type of resource is deleted by those that are not its client: the cascade of a resource group."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from .store import Document

if TYPE_CHECKING:
    from .world import World

Deleter = Callable[["World", Document], Awaitable[None]]
_DELETERS: dict[str, Deleter] = {}


def deleter(type: str) -> Callable[[Deleter], Deleter]:  # noqa: A002 - the word of the domain
    """Register the deletion of one type.

    It must undo everything the resource holds (machines, contents, references in others) and be idempotent.
    It raises ArmError while something else still needs the resource: the cascade comes back after the others.
    Operations in progress on the resource are its business as well: wait (`quiet`) or cut them short.
    """

    def register(function: Deleter) -> Deleter:
        _DELETERS[type.lower()] = function
        return function

    return register


async def quiet(world: World, rid: str) -> None:
    """Wait until no operation works on a resource or beneath it."""
    key = rid.lower()
    for op in world.operations.running():
        if op.subject == key or op.subject.startswith(key + "/"):
            await world.operations.wait(op)


async def delete_resource(world: World, doc: Document) -> None:
    """Delete a resource by its type's deleter; a type without one is only state."""
    function = _DELETERS.get(doc["type"].lower())
    if function is not None:
        await function(world, doc)
    world.store.delete_tree(doc["id"])
