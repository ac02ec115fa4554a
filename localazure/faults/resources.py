"""What a failed operation leaves of its resource."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.arm.errors import ArmError
    from localazure.arm.ids import ResourceId
    from localazure.arm.world import World


def leave(world: World, rid: ResourceId, state: str, error: ArmError | None = None) -> None:
    """Write a provisioning state into the resource, where it is there and has one."""
    doc = world.store.get(rid)
    if doc is None or "provisioningState" not in doc.get("properties", {}):
        return
    doc["properties"]["provisioningState"] = state
    if error is not None:
        doc["_error"] = error.error()
    world.store.put(doc)
