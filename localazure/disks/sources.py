"""Where the content of a new disk or snapshot comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.ids import ResourceId
from localazure.compute.errors import invalid_parameter, missing_parameter
from localazure.disks import errors
from localazure.disks.models import DISKS, SNAPSHOTS, completion

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

DISK_RESTORE_POINTS = "Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints"


@dataclass(frozen=True)
class Source:
    """A content that is to be copied, and what the copy inherits."""

    content: str
    size_gb: int
    location: str
    os_type: str | None = None
    generation: str | None = None
    unique_id: str | None = None
    family: str | None = None
    """Of an incremental snapshot: the disk whose line of snapshots it belongs to."""

    def inherited(self) -> dict[str, Any]:
        """The properties that disks and snapshots take over."""
        return {"osType": self.os_type, "hyperVGeneration": self.generation}


def of_document(doc: Document) -> Source:
    """A disk, snapshot or disk restore point as a source."""
    properties = doc["properties"]
    return Source(
        content=doc["_content"],
        size_gb=properties.get("diskSizeGB") or doc["_size_gb"],
        location=doc.get("location") or doc["_location"],
        os_type=properties.get("osType"),
        generation=properties.get("hyperVGeneration"),
        unique_id=properties.get("uniqueId") or properties.get("sourceUniqueId"),
        family=properties.get("incrementalSnapshotFamilyId") or properties.get("uniqueId"),
    )


def find(world: World, text: Any, *, kinds: tuple[str, ...], parameter: str) -> Document:
    """The document a `sourceResourceId` (or `sourceUri`, which old clients use) names."""
    if not text:
        raise missing_parameter(parameter)
    try:
        rid = ResourceId.parse(text if str(text).startswith("/") else f"/{text}")
    except (ValueError, AttributeError):
        raise invalid_parameter(f"Id {text} is not a valid resource reference.", target=parameter) from None
    if rid.type.lower() not in {kind.lower() for kind in kinds}:
        raise invalid_parameter(f"The value of parameter {parameter} is invalid.", target=parameter)
    doc = world.store.get(rid)
    if doc is None or "_content" not in doc:
        raise errors.source_not_found(rid.text)
    if doc["type"] == SNAPSHOTS and completion(world, doc) < 100:
        raise errors.source_not_complete(rid.text)
    return doc


def copied(
    world: World, creation: dict[str, Any], parameter: str = "creationData.sourceResourceId"
) -> Document:
    """The source of a Copy."""
    text = creation.get("sourceResourceId") or creation.get("sourceUri")
    return find(world, text, kinds=(DISKS, SNAPSHOTS), parameter=parameter)


def restored(
    world: World, creation: dict[str, Any], parameter: str = "creationData.sourceResourceId"
) -> Document:
    """The source of a Restore."""
    return find(world, creation.get("sourceResourceId"), kinds=(DISK_RESTORE_POINTS,), parameter=parameter)
