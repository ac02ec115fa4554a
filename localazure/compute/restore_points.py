"""Restore points: all disks of a machine at one moment, and how the machine was then."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localazure.arm.deleters import deleter
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, job
from localazure.compute.hosts import host_failed
from localazure.disks.models import DISKS, now
from localazure.disks.sources import DISK_RESTORE_POINTS, find
from localazure.disks.transfers import Transfers
from localazure.guests.base import GuestError

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

COLLECTIONS = "Microsoft.Compute/restorePointCollections"
POINTS = "Microsoft.Compute/restorePointCollections/restorePoints"


def source_metadata(vm: Document, excluded: set[str], disk_points: dict[str, str]) -> dict[str, Any]:
    """How the machine is now; `disk_points` maps disks' ids (lower case) to those of their restore points."""
    properties = vm["properties"]
    storage = properties["storageProfile"]

    def shown(disk: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"lun": disk["lun"]} if "lun" in disk else {"osType": disk["osType"]}
        body |= {key: disk[key] for key in ("name", "caching", "diskSizeGB", "managedDisk")}
        point = disk_points.get(disk["managedDisk"]["id"].lower())
        return body | ({"diskRestorePoint": {"id": point}} if point else {})

    kept = [disk for disk in storage["dataDisks"] if disk["managedDisk"]["id"].lower() not in excluded]
    metadata = {
        "vmId": properties["vmId"],
        "hardwareProfile": properties["hardwareProfile"],
        "storageProfile": {"osDisk": shown(storage["osDisk"]), "dataDisks": [shown(disk) for disk in kept]},
    }
    for key in ("osProfile", "diagnosticsProfile", "securityProfile", "licenseType"):
        if properties.get(key) is not None:
            metadata[key] = properties[key]
    return metadata | {"location": vm["location"], "hyperVGeneration": vm.get("_generation", "V1")}


def plan_disks(point: ResourceId, vm: Document, excluded: set[str]) -> list[dict[str, str]]:
    """Every disk to keep and the restore point it is to have."""
    storage = vm["properties"]["storageProfile"]
    disks = [storage["osDisk"], *storage["dataDisks"]]
    return [
        {
            "disk": disk["managedDisk"]["id"],
            "point": point.child("diskRestorePoints", f"{disk['name']}_{uuid.uuid4()}").text,
        }
        for disk in disks
        if disk["managedDisk"]["id"].lower() not in excluded
    ]


@job("compute.restorePoint.create")
async def create(world: World, op: Operation) -> dict[str, Any] | None:
    """Copy all disks in one go, so that they belong together also while the machine writes."""
    doc = world.store.get(op.rid)
    if doc is None or "_done" in doc:
        return None
    try:
        await _copy(world, op.args["disks"], doc)
    except ArmError:
        doc["properties"]["provisioningState"] = "Failed"
        world.store.put(doc)
        raise
    await world.time.take("restorePoint.create")
    doc = world.store.get(op.rid)
    if doc is not None:
        doc["properties"] |= {"provisioningState": "Succeeded"}
        doc["_done"] = True
        world.store.put(doc)
    return None


async def _copy(world: World, planned: list[dict[str, str]], point: Document) -> None:
    if all(one["point"] in world.store for one in planned):
        return
    disks = [find(world, one["disk"], kinds=(DISKS,), parameter="managedDisk.id") for one in planned]
    try:
        copies = await world.guests.copy([disk["_content"] for disk in disks])
    except GuestError as error:
        raise host_failed(error) from error
    moment = now(world)
    with world.store.together():
        for one, disk, content in zip(planned, disks, copies, strict=True):
            world.store.put(_disk_point(one["point"], disk, content, moment))
        point["properties"]["timeCreated"] = moment
        world.store.put(point)


def _disk_point(text: str, disk: Document, content: str, moment: str) -> Document:
    properties = disk["properties"]
    shown = {
        "timeCreated": moment,
        "sourceResourceId": disk["id"],
        "osType": properties.get("osType"),
        "hyperVGeneration": properties.get("hyperVGeneration"),
        "familyId": properties["uniqueId"],
        "sourceUniqueId": properties["uniqueId"],
        "encryption": properties["encryption"],
        "networkAccessPolicy": properties["networkAccessPolicy"],
        "publicNetworkAccess": properties["publicNetworkAccess"],
        "completionPercent": 100.0,
        "sourceResourceLocation": disk["location"],
    }
    return {
        "id": text,
        "name": text.rsplit("/", 1)[-1],
        "type": DISK_RESTORE_POINTS,
        "properties": {key: value for key, value in shown.items() if value is not None},
        "_content": content,
        "_size_gb": properties["diskSizeGB"],
        "_location": disk["location"],
    }


@job("compute.restorePoint.delete")
async def delete(world: World, op: Operation) -> dict[str, Any] | None:
    """Delete a restore point, or a collection with all of them."""
    await world.time.take("restorePoint.delete")
    await discard(world, op.rid)
    return None


async def discard(world: World, rid: ResourceId) -> None:
    """Drop the copies beneath a restore point or collection, and the documents."""
    contents = [doc["_content"] for doc in world.store.beneath(rid) if "_content" in doc]
    for doc in world.store.beneath(rid):
        world.part(Transfers).forget(doc)
    world.store.delete_tree(rid)
    for content in contents:
        await world.guests.discard(content)


@deleter(COLLECTIONS)
@deleter(POINTS)
async def _cascade(world: World, doc: Document) -> None:
    rid = ResourceId.parse(doc["id"])
    for op in [one for one in world.operations.running() if one.subject.startswith(rid.key)]:
        await world.operations.wait(op)
    await discard(world, rid)
