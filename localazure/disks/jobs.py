"""The work behind disks and snapshots. Every job looks first at what an earlier run of it has done."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from localazure.arm.deleters import deleter
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, job
from localazure.arm.wire import shown
from localazure.compute.hosts import host_failed
from localazure.disks import access, errors, imports, vhd
from localazure.disks.models import (
    DISKS,
    SNAPSHOTS,
    access_open,
    completion,
    finish_disk,
    finish_snapshot,
    holder,
    now,
    show,
)
from localazure.disks.sources import Source
from localazure.disks.transfers import Transfers
from localazure.guests.base import GuestError

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World


def source_args(source: Source | None) -> dict[str, Any]:
    """A source as an operation keeps it."""
    return {"source": None if source is None else asdict(source)}


async def new_content(world: World, source: Source | None, size_gb: int) -> str:
    """A content of its own for a new disk: a copy of the source, or nothing but room."""
    try:
        if source is None:
            return await world.guests.create_empty(size_gb)
        return (await world.guests.copy([source.content]))[0]
    except GuestError as error:
        raise host_failed(error) from error


@job("disks.create")
async def create(world: World, op: Operation) -> dict[str, Any] | None:
    """Make a disk or a snapshot."""
    await world.time.take("disk.create" if op.rid.type == DISKS else "snapshot.create")
    doc = world.store.get(op.rid)
    if doc is None or "_content" in doc or "_upload" in doc:
        return _output(world, op.rid)
    if doc["properties"]["creationData"]["createOption"] == "Upload":
        return _await_upload(world, doc)
    if doc["properties"]["creationData"]["createOption"] == "Import":
        return await _import(world, op, doc)
    source = Source(**op.args["source"]) if op.args["source"] else None
    size = doc["properties"].get("diskSizeGB") or (source.size_gb if source else 0)
    try:
        content = await new_content(world, source, size)
    except ArmError:
        world.store.delete(op.rid)
        raise
    facts = source.inherited() if source else {}
    facts |= _given(doc)
    if doc["type"] == DISKS:
        doc = finish_disk(doc, size_gb=size, content=content, now=now(world), **facts)
    else:
        doc = finish_snapshot(doc, size_gb=size, content=content, now=now(world), **facts)
        _relate(world, doc, source)
    world.store.put(doc)
    return _output(world, op.rid)


def _given(doc: Document) -> dict[str, Any]:
    """What the client said of the system on the disk."""
    return {key: value for key in ("osType", "hyperVGeneration") if (value := doc["properties"].get(key))}


def _await_upload(world: World, doc: Document) -> dict[str, Any] | None:
    """A disk that waits for its bytes."""
    wanted = doc["properties"]["creationData"]["uploadSizeBytes"]
    doc = finish_disk(
        doc, size_gb=vhd.gigabytes(wanted - vhd.FOOTER), content="", now=now(world), **_given(doc)
    )
    del doc["_content"]
    doc["_upload"] = wanted
    world.part(Transfers).begin_upload(doc)
    world.store.put(doc)
    return _output(world, ResourceId.parse(doc["id"]))


async def _import(world: World, op: Operation, doc: Document) -> dict[str, Any] | None:
    """Make a disk or snapshot of a VHD in a storage account."""
    draft = world.part(Transfers).draft(op.id)
    try:
        content, least = await imports.content_of(world, doc["properties"]["creationData"], draft)
        size = doc["properties"].get("diskSizeGB") or least
        if size < least:
            await world.guests.discard(content)
            raise errors.smaller_than_source(size, least)
    except ArmError:
        world.store.delete(op.rid)
        raise
    finally:
        draft.unlink(missing_ok=True)
    finish = finish_disk if doc["type"] == DISKS else finish_snapshot
    world.store.put(finish(doc, size_gb=size, content=content, now=now(world), **_given(doc)))
    return _output(world, op.rid)


def _relate(world: World, doc: Document, source: Source | None) -> None:
    """Note whose copy a snapshot is: the line it continues, and a copy that still goes on."""
    creation = doc["properties"]["creationData"]
    if "sourceUri" in creation:  # recorded: what came as sourceUri is shown as sourceResourceId
        creation["sourceResourceId"] = creation.pop("sourceUri")
    if doc["properties"]["incremental"] and source is not None and source.family:
        doc["properties"]["incrementalSnapshotFamilyId"] = source.family
    if creation["createOption"] == "CopyStart":
        key = ResourceId.parse(creation["sourceResourceId"]).key
        doc["_copy"] = {"began": world.clock.epoch(), "source": key}


@job("disks.update")
async def update(world: World, op: Operation) -> dict[str, Any] | None:
    """Change a disk or a snapshot; what is to be was checked before."""
    await world.time.take("disk.update")
    doc = world.store.get(op.rid)
    if doc is None:
        return None
    for key, value in op.args["after"].items():
        doc[key] = value
    properties = doc["properties"]
    properties["diskSizeBytes"] = properties["diskSizeGB"] << 30
    properties["provisioningState"] = "Succeeded"
    world.store.put(doc)
    return _output(world, op.rid)


@job("disks.delete")
async def delete(world: World, op: Operation) -> dict[str, Any] | None:
    """Delete a disk or a snapshot with its content."""
    await world.time.take("disk.delete" if op.rid.type == DISKS else "snapshot.delete")
    if (doc := world.store.get(op.rid)) is not None:
        await discard(world, doc)
    return None


@job("disks.grant")
async def grant(world: World, op: Operation) -> dict[str, Any] | None:
    """Hand out a shared access signature."""
    await world.time.take("disk.access")
    doc = world.store.get(op.rid)
    if doc is None:
        return None
    if not access_open(world, doc):
        world.part(Transfers).forget(doc)
        doc["_access"] = access.grant(world, op.args["access"], op.args["seconds"])
        world.store.put(doc)
    return {"accessSAS": access.url(doc, op.base)}


@job("disks.revoke")
async def revoke(world: World, op: Operation) -> dict[str, Any] | None:
    """Take the shared access signature back; an upload ends with it."""
    await world.time.take("disk.access")
    doc = world.store.get(op.rid)
    if doc is None or doc.get("_access") is None:
        return None
    if "_upload" in doc:
        await _take_upload(world, doc, op.base)
    world.part(Transfers).forget(doc)
    del doc["_access"]
    world.store.put(doc)
    return None


async def _take_upload(world: World, doc: Document, base: str) -> None:
    """Make the disk's content of what was uploaded, or leave the disk as it is."""
    transfers = world.part(Transfers)
    blob, size = await transfers.blob(doc), doc["_upload"] - vhd.FOOTER
    if not doc.get("_whole"):
        if vhd.disk_bytes(blob.read(size, vhd.FOOTER)) != size:
            where = access.place(doc, base)
            del doc["_access"]
            world.store.put(doc)
            raise errors.bad_footer("abcd", where)
        doc["_whole"] = True  # what follows takes the footer away and may be done twice
        world.store.put(doc)
    os.truncate(blob.path, size)
    os.truncate(blob.path, vhd.gigabytes(size) << 30)
    try:
        doc["_content"] = await world.guests.read_raw(blob.path)
    except GuestError as error:
        raise host_failed(error) from error
    del doc["_upload"], doc["_whole"]
    transfers.forget_upload(doc)


def _output(world: World, rid: ResourceId) -> dict[str, Any] | None:
    doc = world.store.get(rid)
    if doc is None:
        return None
    body: dict[str, Any] = shown(show(world, doc))
    body["properties"].pop("completionPercent", None)  # recorded: not in the operation, only on the resource
    return body


async def discard(world: World, doc: Document) -> None:
    """Forget a disk or snapshot and what is on it."""
    world.store.delete(doc["id"])
    world.part(Transfers).forget(doc)
    if "_upload" in doc:
        world.part(Transfers).forget_upload(doc)
    if "_content" in doc:
        await world.guests.discard(doc["_content"])


def check_deletable(world: World, doc: Document) -> None:
    """Refuse to delete what is attached, lent out or being copied from."""
    if (vm := holder(world, doc)) is not None:
        raise errors.disk_attached(doc["name"], vm["id"])
    if access_open(world, doc):
        raise errors.active_access(doc["name"])
    if doc["type"] == SNAPSHOTS and (copy := _copying_from(world, doc)) is not None:
        raise errors.copy_in_progress(doc["name"], copy["id"])


def _copying_from(world: World, doc: Document) -> Document | None:
    key = ResourceId.parse(doc["id"]).key
    return next(
        (
            other
            for other in world.store.list(SNAPSHOTS)
            if other.get("_copy", {}).get("source") == key and completion(world, other) < 100
        ),
        None,
    )


async def _cascade(world: World, doc: Document) -> None:
    if (op := world.operations.busy(doc["id"])) is not None:
        await world.operations.wait(op)
    present = world.store.get(doc["id"])
    if present is None:
        return
    if (vm := holder(world, present)) is not None:
        raise errors.disk_attached(present["name"], vm["id"])
    await discard(world, present)


deleter(DISKS)(_cascade)
deleter(SNAPSHOTS)(_cascade)
