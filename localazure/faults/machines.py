"""Faults of machines: set on `GUEST start`, they befall the machine that was powered on, at their moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from localazure.faults.fault import Fault, refused
from localazure.guests.disturbances import Disturbable, Disturbance, Effect

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

START = "GUEST start"


def check_possible(world: World, effect: str) -> None:
    """Refuse what this kind of machine cannot have happen to it."""
    if effect not in getattr(world.guests, "disturbances", frozenset()):
        raise refused(f"machines of the kind {world.guests.name} cannot be made to do this ({effect})")


async def disturb(fault: Fault, world: World, vm: Document, effect: Effect) -> None:
    """Have the effect happen to a machine, at the moment that the fault's data name."""
    data = fault.data
    wanted = Disturbance(
        effect,
        port=int(data.get("port", 22)),
        connection=int(data.get("connection", 1)),
        after_bytes=int(data["bytes"]) if "bytes" in data else None,
        path_gone=data.get("path_gone"),
        seconds=float(data.get("seconds", 0)),
    )
    await cast(Disturbable, world.guests).disturb(vm["properties"]["vmId"], wanted)
