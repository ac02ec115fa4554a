"""Managed disks and snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove, require_owner
from factory.azure.ids import ArmId
from factory.azure.looking import Seen, look_until_done
from factory.azure.lro import Progress
from factory.azure.wire import Json, dig, plain, read_time
from factory.errors import AzureFault, CopyFailed, NotFound

COMPLETE = "complete"
"""What the `..._state` readers say of a copy that is whole."""


@dataclass(frozen=True)
class Disk:
    """A managed disk. `state` is Unattached, Attached, Reserved (its VM is deallocated), ..."""

    id: str
    name: str
    location: str
    size_gb: int
    sku: str | None
    state: str | None
    machine_id: str | None = None
    os_type: str | None = None
    generation: str | None = None
    zones: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot. Incremental ones are copied in the background: whole only at `completion_percent` 100."""

    id: str
    name: str
    location: str
    size_gb: int
    source_id: str | None
    incremental: bool
    provisioning_state: str | None
    completion_percent: float | None = None
    copy_error: str | None = None
    created: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """True where the data is all there; Azure names no percentage for a copy that needed no time."""
        return self.provisioning_state == "Succeeded" and self.completion_percent in (None, 100.0)

    @property
    def state(self) -> str:
        """`complete`, or how far it is, or what went wrong."""
        if self.copy_error:
            return f"failed: {self.copy_error}"
        if self.complete:
            return COMPLETE
        if self.completion_percent is not None:
            return f"{self.completion_percent:g} % copied"
        return self.provisioning_state or "unknown"


async def get_disk(azure: Azure, disk_id: str) -> Disk:
    """Read a disk. Raises `NotFound`, `AuthorizationFailed`."""
    rid = ArmId.parse(disk_id)
    model = await azure.call(f"read disk {rid.name}", azure.compute.disks.get, rid.group, rid.name)
    return _read_disk(plain(model))


async def create_disk_from_copy(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    source_id: str,
    sku: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    zones: tuple[str, ...] = (),
) -> str:
    """Make a disk from a snapshot, another disk, or a disk restore point, and return its id.

    Size, OS type, generation and security type come with the source. Idempotent by name. Raises `NotFound`
    (source), `InvalidRequest` (other region), `QuotaExceeded`, `PropertyChangeNotAllowed` as `Conflict` where
    the name is another disk's, `OperationTimedOut`.
    """
    option = "Restore" if _is_restore_point(source_id) else "Copy"
    body: dict[str, Any] = {
        "location": location,
        "tags": dict(tags),
        "sku": {"name": sku},
        "properties": {"creationData": {"createOption": option, "sourceResourceId": source_id}},
    }
    if zones:
        body["zones"] = list(zones)
    what = f"create disk {name}"

    async def look() -> Existing[str] | None:
        found = await azure.find(f"read disk {name}", azure.compute.disks.get, group, name)
        if found is None:
            return None
        disk = _read_disk(plain(found))
        return Existing(disk.id, dig(disk.raw, "properties", "provisioningState"), disk.tags)

    async def make(left: timedelta) -> str:
        begin = azure.compute.disks.begin_create_or_update
        operation = await azure.begin(what, begin, group, name, models.Disk(body))
        return str((await azure.wait(operation, deadline=left)).id)

    async def away(left: timedelta) -> None:
        await remove(
            azure,
            what,
            lambda: azure.begin(what, azure.compute.disks.begin_delete, group, name),
            deadline=left,
        )

    return await ensure(azure, what, look=look, make=make, remove=away, tags=tags, deadline=deadline)


async def find_disk(azure: Azure, disk_id: str) -> Disk | None:
    """Read a disk; `None` where there is none."""
    rid = ArmId.parse(disk_id)
    found = await azure.find(f"read disk {rid.name}", azure.compute.disks.get, rid.group, rid.name)
    return _read_disk(plain(found)) if found else None


async def create_disk(azure: Azure, disk_id: str, body: Mapping[str, Any], *, deadline: timedelta) -> Disk:
    """Make a disk from a REST body that was planned elsewhere, and read it back.

    Idempotent by name while the source is the same. Raises what `create_disk_from_copy` does.
    """
    rid = ArmId.parse(disk_id)
    begin = azure.compute.disks.begin_create_or_update
    disk = models.Disk(dict(body))
    operation = await azure.begin(f"create disk {rid.name}", begin, rid.group, rid.name, disk)
    await azure.wait(operation, deadline=deadline)
    return await get_disk(azure, disk_id)


async def tag_disk(azure: Azure, disk_id: str, tags: Mapping[str, str], *, deadline: timedelta) -> None:
    """Replace a disk's tags. Raises `NotFound`, `ScopeLocked`."""
    rid = ArmId.parse(disk_id)
    begin, update = azure.compute.disks.begin_update, models.DiskUpdate({"tags": dict(tags)})
    operation = await azure.begin(f"tag disk {rid.name}", begin, rid.group, rid.name, update)
    await azure.wait(operation, deadline=deadline)


async def delete_disk(azure: Azure, disk_id: str, *, deadline: timedelta) -> None:
    """Delete a disk; one that is not there is fine. Raises `InUse` while a VM holds it, `ScopeLocked`."""
    rid = ArmId.parse(disk_id)
    what, delete = f"delete disk {rid.name}", azure.compute.disks.begin_delete
    await remove(azure, what, lambda: azure.begin(what, delete, rid.group, rid.name), deadline=deadline)


async def delete_own_disk(azure: Azure, group: str, name: str, run_id: str, deadline: timedelta) -> None:
    """Delete the disk of this name that a run made; `NameTaken` for another's, none is fine."""
    found = await azure.find(f"read disk {name}", azure.compute.disks.get, group, name)
    if found is not None:
        disk = _read_disk(plain(found))
        require_owner(f"delete disk {name}", disk.tags, run_id)
        await delete_disk(azure, disk.id, deadline=deadline)


async def get_snapshot(azure: Azure, snapshot_id: str) -> Snapshot | None:
    """Read a snapshot; `None` where there is none."""
    rid = ArmId.parse(snapshot_id)
    found = await azure.find(f"read snapshot {rid.name}", azure.compute.snapshots.get, rid.group, rid.name)
    return _read_snapshot(plain(found)) if found else None


async def get_snapshot_state(azure: Azure, snapshot_id: str) -> str:
    """Return `complete`, `missing`, or in words how far or how broken the snapshot is."""
    snapshot = await get_snapshot(azure, snapshot_id)
    return snapshot.state if snapshot else "missing"


async def create_snapshot(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    source_id: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    sku: str = "Standard_LRS",
    incremental: bool = True,
    option: Literal["Copy", "CopyStart"] = "Copy",
    progress: Progress | None = None,
) -> Snapshot:
    """Snapshot a disk and wait until the background copy is whole, not only accepted.

    With `CopyStart` the source is an incremental snapshot in another region, which must stay until the copy
    is whole. Idempotent by name: the snapshot of this name is taken up where it is. Raises `NotFound` (disk),
    `CopyFailed`, `QuotaExceeded`, `Busy`, `OperationTimedOut`.
    """
    body = {
        "location": location,
        "tags": dict(tags),
        "sku": {"name": sku},
        "properties": {
            "creationData": {"createOption": option, "sourceResourceId": source_id},
            "incremental": incremental,
        },
    }
    what, operations = f"create snapshot {name}", azure.compute.snapshots
    ends = azure.clock.monotonic() + deadline.total_seconds()

    async def look() -> Existing[str] | None:
        found = await azure.find(f"read snapshot {name}", operations.get, group, name)
        if found is None:
            return None
        snapshot = _read_snapshot(plain(found))
        state = "Failed" if snapshot.copy_error else snapshot.provisioning_state
        return Existing(snapshot.id, state, snapshot.tags)

    async def make(left: timedelta) -> str:
        create = operations.begin_create_or_update
        operation = await azure.begin(what, create, group, name, models.Snapshot(body))
        return str((await azure.wait(operation, deadline=left, progress=progress)).id)

    async def away(left: timedelta) -> None:
        await remove(
            azure, what, lambda: azure.begin(what, operations.begin_delete, group, name), deadline=left
        )

    made = await ensure(azure, what, look=look, make=make, remove=away, tags=tags, deadline=deadline)
    left = timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))
    return await wait_snapshot(azure, made, deadline=left, progress=progress)


async def wait_snapshot(
    azure: Azure, snapshot_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> Snapshot:
    """Wait until a snapshot's copy is whole. Raises `CopyFailed`, `NotFound`, `OperationTimedOut`."""
    what = f"copy snapshot {ArmId.parse(snapshot_id).name}"

    async def look() -> Seen[Snapshot]:
        snapshot = await get_snapshot(azure, snapshot_id)
        if snapshot is None:
            raise NotFound(what, AzureFault(text=f"{snapshot_id} is gone"))
        if snapshot.copy_error or snapshot.provisioning_state == "Failed":
            raise CopyFailed(what, AzureFault(text=snapshot.state))
        return Seen(snapshot, snapshot.state, snapshot.complete)

    return await look_until_done(azure, what, look, deadline=deadline, progress=progress)


async def delete_snapshot(azure: Azure, snapshot_id: str, *, deadline: timedelta) -> None:
    """Delete a snapshot; one that is not there is fine. Raises `ScopeLocked`, `Conflict` (SAS open)."""
    rid = ArmId.parse(snapshot_id)
    what, delete = f"delete snapshot {rid.name}", azure.compute.snapshots.begin_delete
    await remove(azure, what, lambda: azure.begin(what, delete, rid.group, rid.name), deadline=deadline)


def _is_restore_point(source_id: str) -> bool:
    return "/restorepoints/" in source_id.lower()


def _read_disk(body: Json) -> Disk:
    properties = body.get("properties") or {}
    return Disk(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        size_gb=properties.get("diskSizeGB") or 0,
        sku=dig(body, "sku", "name"),
        state=properties.get("diskState"),
        machine_id=body.get("managedBy"),
        os_type=properties.get("osType"),
        generation=properties.get("hyperVGeneration"),
        zones=tuple(body.get("zones") or ()),
        tags=dict(body.get("tags") or {}),
        raw=body,
    )


def _read_snapshot(body: Json) -> Snapshot:
    properties = body.get("properties") or {}
    error = properties.get("copyCompletionError")
    return Snapshot(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        size_gb=properties.get("diskSizeGB") or 0,
        source_id=dig(properties, "creationData", "sourceResourceId"),
        incremental=bool(properties.get("incremental")),
        provisioning_state=properties.get("provisioningState"),
        completion_percent=properties.get("completionPercent"),
        copy_error=f"{dig(error, 'errorCode')}: {dig(error, 'errorMessage')}" if error else None,
        created=read_time(properties.get("timeCreated")),
        tags=dict(body.get("tags") or {}),
    )
