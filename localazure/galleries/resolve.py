"""Which image version a reference means, and where it can be used.

Only reads documents: compute and disks ask here, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import normal_location
from localazure.arm.ids import ResourceId

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

GALLERIES = "Microsoft.Compute/galleries"
DEFINITIONS = "Microsoft.Compute/galleries/images"
VERSIONS = "Microsoft.Compute/galleries/images/versions"


def version_key(name: str) -> tuple[int, ...]:
    """Order of versions: by number, not by letter."""
    return tuple(int(part) for part in name.split("."))


def versions(world: World, definition: ResourceId | str) -> list[Document]:
    """A definition's versions in ascending order, soft-deleted ones left out."""
    found = [doc for doc in world.store.list(VERSIONS, parent=definition) if "_soft_deleted" not in doc]
    return sorted(found, key=lambda doc: version_key(doc["name"]))


def target(doc: Document, region: str) -> dict[str, Any] | None:
    """The version's target region with this name, however written."""
    regions: list[dict[str, Any]] = doc["properties"]["publishingProfile"]["targetRegions"]
    return next((one for one in regions if normal_location(one["name"]) == normal_location(region)), None)


def progress(world: World, doc: Document, region: str) -> int:
    """How much of the replica in a region is there, in percent."""
    began = doc.get("_replicas", {}).get(normal_location(region))
    if began is None:
        return 0
    seconds = world.time.seconds(
        "version.create" if normal_location(region) == doc["location"] else "version.replicate"
    )
    elapsed = world.clock.epoch() - began
    return 100 if seconds <= 0 or elapsed >= seconds else max(0, int(elapsed / seconds * 100))


def usable_in(world: World, doc: Document, region: str) -> bool:
    """Whether machines can be made of the version in a region now."""
    return (
        "_contents" in doc
        and "_soft_deleted" not in doc
        and doc["properties"]["provisioningState"] in ("Succeeded", "Updating")
        and target(doc, region) is not None
        and progress(world, doc, region) == 100
    )


def latest(world: World, definition: ResourceId | str, region: str) -> Document | None:
    """The highest version that is complete and excluded from latest neither everywhere nor in the region."""
    for doc in reversed(versions(world, definition)):
        profile = doc["properties"]["publishingProfile"]
        here = target(doc, region) or {}
        excluded = profile.get("excludeFromLatest") or here.get("excludeFromLatest")
        if not excluded and doc["properties"]["provisioningState"] in ("Succeeded", "Updating"):
            return doc
    return None
