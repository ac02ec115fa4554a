"""What a failed operation leaves of its resource, and whether the resource is on its way out."""

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


def going(world: World, rid: ResourceId) -> bool:
    """Whether a resource, or the group it is in, is gone or is being deleted."""
    above: ResourceId | None = rid
    while above is not None and above.group is not None:
        doc = world.store.get(above)
        if doc is None or doc.get("_deleting"):
            return True
        if doc.get("properties", {}).get("provisioningState") == "Deleting":
            return True
        above = above.parent
    return False
