"""The work behind galleries: copying contents once, then letting replicas grow over time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from localazure.arm.deleters import deleter
from localazure.arm.envelope import normal_location
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, job
from localazure.compute.image_contents import Contents, capture, discard
from localazure.galleries import errors
from localazure.galleries.resolve import DEFINITIONS, GALLERIES, VERSIONS

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

SETTLE, DELETE = "gallery.settle", "gallery.delete"
CREATE_VERSION, UPDATE_VERSION = "gallery.version.create", "gallery.version.update"
_LARGEST_DATA_GB = 2048  # documented for Full replication


@job(SETTLE)
async def settle(world: World, op: Operation) -> dict[str, Any] | None:
    """A gallery or definition, created or changed: only the state is left to write."""
    await world.time.take(op.args["duration"])
    doc = world.store.get(op.rid)
    if doc is not None:
        doc["properties"] |= op.args.get("after", {})
        doc["properties"]["provisioningState"] = "Succeeded"
        world.store.put(doc)
    return None


@job(DELETE)
async def delete(world: World, op: Operation) -> dict[str, Any] | None:
    """A gallery, definition or version."""
    await world.time.take(op.args["duration"])
    if op.args.get("soft"):
        doc = world.store.get(op.rid)
        if doc is not None:
            doc["_soft_deleted"] = world.clock.epoch()
            doc["properties"]["provisioningState"] = "Succeeded"
            world.store.put(doc)
        return None
    await remove(world, op.rid)
    return None


async def remove(world: World, rid: ResourceId) -> None:
    """Forget a resource with all versions beneath it and their copies."""
    docs = [doc for doc in [world.store.get(rid), *world.store.beneath(rid)] if doc is not None]
    world.store.delete_tree(rid)
    for doc in docs:
        await discard(world, doc.get("_contents"))


@job(CREATE_VERSION)
async def create_version(world: World, op: Operation) -> dict[str, Any] | None:
    """Copy all disks at one point in time, then replicate: at home first, then everywhere else."""
    doc = world.store.get(op.rid)
    if doc is None:
        return None
    try:
        await _copy(world, op, doc)
        await _replicate(world, op.rid)
    except ArmError as error:
        _fail(world, op.rid, error)
        raise
    return None


async def _copy(world: World, op: Operation, doc: Document) -> None:
    if "_contents" in doc:
        return
    contents = await capture(world, Contents.from_dict(op.args["contents"]))
    doc["_contents"] = contents.as_dict()
    world.store.put(doc)
    full = doc["properties"]["publishingProfile"].get("replicationMode", "Full") == "Full"
    for disk in contents.data:
        if full and disk.size_gb > _LARGEST_DATA_GB:
            raise errors.too_large(disk.size_gb, _LARGEST_DATA_GB)


def _sized(doc: Document) -> None:
    """Write the disks' sizes down: they are shown once the version is complete (recorded)."""
    contents, profile = Contents.from_dict(doc["_contents"]), doc["properties"]["storageProfile"]
    profile["osDiskImage"] = {"sizeInGB": contents.os_size_gb} | profile["osDiskImage"]
    sizes = {disk.lun: disk.size_gb for disk in contents.data}
    for one in profile.get("dataDiskImages", []):
        one["sizeInGB"] = sizes[one["lun"]]


async def _replicate(world: World, rid: ResourceId) -> None:
    doc = world.store.get(rid)
    if doc is None:
        return
    await _grow(world, rid, [doc["location"]], "version.create")
    await world.interference.point("replicate", rid)
    regions = [
        normal_location(one["name"]) for one in doc["properties"]["publishingProfile"]["targetRegions"]
    ]
    await _grow(world, rid, [region for region in regions if region != doc["location"]], "version.replicate")
    doc = world.store.get(rid)
    if doc is not None:
        _sized(doc)
        doc["properties"]["provisioningState"] = "Succeeded"
        doc.pop("_error", None)
        world.store.put(doc)


async def _grow(world: World, rid: ResourceId, regions: list[str], duration: str) -> None:
    doc = world.store.get(rid)
    if doc is None or not regions:
        return
    replicas = doc.setdefault("_replicas", {})
    for region in regions:
        replicas.setdefault(region, world.clock.epoch())
    world.store.put(doc)
    ends = max(replicas[region] for region in regions) + world.time.seconds(duration)
    await asyncio.sleep(max(0.0, ends - world.clock.epoch()))


def _fail(world: World, rid: ResourceId, error: ArmError) -> None:
    doc = world.store.get(rid)
    if doc is not None:
        doc["properties"]["provisioningState"] = "Failed"
        doc["_error"] = error.error()
        world.store.put(doc)


@job(UPDATE_VERSION)
async def update_version(world: World, op: Operation) -> dict[str, Any] | None:
    """Publish a version elsewhere, or change how it is published."""
    await world.time.take("version.update")
    doc = world.store.get(op.rid)
    if doc is None:
        return None
    doc["properties"] |= op.args["after"]
    if op.args.get("restore"):
        doc.pop("_soft_deleted", None)
    kept = {normal_location(one["name"]) for one in doc["properties"]["publishingProfile"]["targetRegions"]}
    doc["_replicas"] = {region: began for region, began in doc.get("_replicas", {}).items() if region in kept}
    doc.pop("_failed_regions", None)
    world.store.put(doc)
    try:
        await _replicate(world, op.rid)
    except ArmError as error:
        _fail(world, op.rid, error)
        raise
    return None


@deleter(GALLERIES)
@deleter(DEFINITIONS)
@deleter(VERSIONS)
async def _cascade(world: World, doc: Document) -> None:
    rid = ResourceId.parse(doc["id"])
    beneath = rid.key + "/"
    for op in world.operations.running():
        if op.subject == rid.key or op.subject.startswith(beneath):
            await world.operations.wait(op)
    await remove(world, rid)
