"""Restore points: all disks of a VM at one moment, also while it runs.

A collection belongs to one VM and may lie in another group of the same region; its disk restore points are
what disks are made from (`disks.create_disk_from_copy`). They live and die with the point, not with the VM.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.disks import COMPLETE
from factory.azure.ensure import Existing, ensure, remove
from factory.azure.ids import ArmId, same_id
from factory.azure.looking import Seen, look_until_done
from factory.azure.lro import Progress
from factory.azure.wire import Json, dig, plain, read_time
from factory.errors import AzureFault, CopyFailed, NotFound

DEADLINE = timedelta(minutes=10)
_STATE = ("properties", "provisioningState")

Consistency = Literal["CrashConsistent", "ApplicationConsistent"]


@dataclass(frozen=True)
class DiskPoint:
    """One disk in a restore point; `lun` is `None` for the OS disk, `disk_id` the disk it was taken of."""

    lun: int | None
    name: str
    disk_id: str
    restore_point_id: str
    size_gb: int | None = None
    caching: str | None = None
    completion_percent: float | None = None


@dataclass(frozen=True)
class RestorePoint:
    """A restore point and its disks, OS disk first."""

    id: str
    name: str
    consistency: str
    disks: tuple[DiskPoint, ...]
    provisioning_state: str | None = None
    created: datetime | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def state(self) -> str:
        """`complete`, or how far the slowest disk's background copy is."""
        if self.provisioning_state != "Succeeded":
            return self.provisioning_state or "unknown"
        percents = [disk.completion_percent for disk in self.disks if disk.completion_percent is not None]
        slowest = min(percents, default=100.0)
        return COMPLETE if slowest >= 100.0 else f"{slowest:g} % copied"


async def create_restore_point_collection(
    azure: Azure, group: str, name: str, location: str, *, source_id: str, tags: Mapping[str, str]
) -> str:
    """Create the collection for a VM, or take up the one of this name that the run made; return its id.

    Raises `NameTaken`, `NotFound` (VM), `InvalidRequest` (another region, or the name is another VM's
    collection).
    """
    body = {"location": location, "tags": dict(tags), "properties": {"source": {"id": source_id}}}
    what, operations = f"create restore point collection {name}", azure.compute.restore_point_collections

    async def look() -> Existing[str] | None:
        found = await azure.find(what, operations.get, group, name)
        return Existing(str(found.id), dig(found, *_STATE), found.tags or {}) if found else None

    async def make(_left: timedelta) -> str:
        model = models.RestorePointCollection(body)
        return str((await azure.call(what, operations.create_or_update, group, name, model)).id)

    async def away(left: timedelta) -> None:
        await remove(
            azure, what, lambda: azure.begin(what, operations.begin_delete, group, name), deadline=left
        )

    return await ensure(azure, what, look=look, make=make, remove=away, tags=tags, deadline=DEADLINE)


async def create_restore_point(
    azure: Azure,
    group: str,
    collection: str,
    name: str,
    *,
    consistency: Consistency | None,
    deadline: timedelta,
    exclude_disks: Sequence[str] = (),
    progress: Progress | None = None,
) -> RestorePoint:
    """Take a restore point of the collection's VM and wait until its disks are copied.

    With `consistency` None Azure decides: consistent for applications on Windows, for file systems on Linux,
    which its agent quiesces; only "CrashConsistent" may be asked for by name. A point cannot be changed
    or taken twice: one of this name is taken up as it is. Raises `NotFound` (collection, VM),
    `OperationNotAllowed`, `CopyFailed`, `Busy`, `OperationTimedOut`.
    """
    ends = azure.clock.monotonic() + deadline.total_seconds()
    what, operations = f"create restore point {name}", azure.compute.restore_points
    properties: dict[str, Any] = {"consistencyMode": consistency} if consistency else {}
    if exclude_disks:
        properties["excludeDisks"] = [{"id": disk} for disk in exclude_disks]

    async def look() -> Existing[None] | None:
        point = await _find(azure, group, collection, name)
        return Existing(None, point.provisioning_state, {}) if point else None

    async def make(left: timedelta) -> None:
        model = models.RestorePoint({"properties": properties})
        operation = await azure.begin(what, operations.begin_create, group, collection, name, model)
        await azure.wait(operation, deadline=left, progress=progress)

    async def away(left: timedelta) -> None:
        delete = operations.begin_delete
        await remove(azure, what, lambda: azure.begin(what, delete, group, collection, name), deadline=left)

    await ensure(azure, what, look=look, make=make, remove=away, tags={}, deadline=deadline)
    left = timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))
    return await _wait_copied(azure, (group, collection, name), left, progress)


async def get_restore_point(azure: Azure, point_id: str) -> RestorePoint | None:
    """Read a restore point by its id; `None` where there is none."""
    rid = ArmId.parse(point_id)
    return await _find(azure, rid.group, rid.names[0], rid.names[1])


async def list_restore_points(azure: Azure, group: str, collection: str) -> list[RestorePoint]:
    """List a collection's restore points. Raises `NotFound`."""
    model = await azure.call(
        f"list restore points of {collection}",
        azure.compute.restore_point_collections.get,
        group,
        collection,
        expand="restorePoints",
    )
    return [_read(body) for body in dig(plain(model), "properties", "restorePoints") or ()]


async def get_disk_restore_point_state(azure: Azure, disk_point_id: str) -> str:
    """Return `complete`, `missing`, or how far the copy is, for a `DiskPoint.restore_point_id`."""
    rid = ArmId.parse(disk_point_id)
    point = await _find(azure, rid.group, rid.names[0], rid.names[1])
    if point is None:
        return "missing"
    if not any(same_id(disk.restore_point_id, disk_point_id) for disk in point.disks):
        return "missing"
    return point.state


async def delete_restore_point(azure: Azure, point_id: str, *, deadline: timedelta) -> None:
    """Delete a restore point with its disks' copies; one that is not there is fine. Raises `ScopeLocked`."""
    rid = ArmId.parse(point_id)
    what, delete = f"delete restore point {rid.name}", azure.compute.restore_points.begin_delete
    await remove(azure, what, lambda: azure.begin(what, delete, rid.group, *rid.names), deadline=deadline)


async def delete_restore_point_collection(azure: Azure, collection_id: str, *, deadline: timedelta) -> None:
    """Delete a collection with all its points; one that is not there is fine. Raises `ScopeLocked`."""
    rid = ArmId.parse(collection_id)
    what, delete = (
        f"delete restore point collection {rid.name}",
        azure.compute.restore_point_collections.begin_delete,
    )
    await remove(azure, what, lambda: azure.begin(what, delete, rid.group, rid.name), deadline=deadline)


async def _find(azure: Azure, group: str, collection: str, name: str) -> RestorePoint | None:
    found = await azure.find(
        f"read restore point {name}",
        azure.compute.restore_points.get,
        group,
        collection,
        name,
        expand="instanceView",
    )
    return _read(plain(found)) if found else None


async def _wait_copied(
    azure: Azure, path: tuple[str, str, str], deadline: timedelta, progress: Progress | None
) -> RestorePoint:
    what = f"copy the disks of restore point {path[2]}"

    async def look() -> Seen[RestorePoint]:
        point = await _find(azure, *path)
        if point is None:
            raise NotFound(what, AzureFault(text="it is gone"))
        if point.provisioning_state == "Failed":
            raise CopyFailed(what, AzureFault(text="its provisioning state is Failed"))
        return Seen(point, point.state, point.state == COMPLETE)

    return await look_until_done(azure, what, look, deadline=deadline, progress=progress)


def _read(body: Json) -> RestorePoint:
    properties = body.get("properties") or {}
    storage = dig(properties, "sourceMetadata", "storageProfile") or {}
    percents = {
        str(dig(view, "id")).lower(): dig(view, "replicationStatus", "completionPercent")
        for view in dig(properties, "instanceView", "diskRestorePoints") or ()
    }
    disks = [storage["osDisk"]] if storage.get("osDisk") else []
    return RestorePoint(
        id=body["id"],
        name=body["name"],
        consistency=properties.get("consistencyMode") or "",
        disks=tuple(_read_disk(disk, percents) for disk in [*disks, *(storage.get("dataDisks") or ())]),
        provisioning_state=properties.get("provisioningState"),
        created=read_time(properties.get("timeCreated")),
        raw=body,
    )


def _read_disk(disk: Json, percents: Mapping[str, float | None]) -> DiskPoint:
    point = dig(disk, "diskRestorePoint", "id") or ""
    return DiskPoint(
        lun=disk.get("lun"),
        name=disk.get("name") or "",
        disk_id=dig(disk, "managedDisk", "id") or "",
        restore_point_id=point,
        size_gb=disk.get("diskSizeGB"),
        caching=disk.get("caching"),
        completion_percent=percents.get(point.lower()),
    )
