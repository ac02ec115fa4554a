"""Managed images: all disks of a generalized machine, or given disks and snapshots."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter
from localazure.arm.envelope import NAME, check_name, new_document, read_resource, read_tags
from localazure.arm.errors import ArmError, not_found, not_implemented
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, job
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, created, no_content, ok, page, updated
from localazure.arm.world import World
from localazure.compute import errors, machines, storage_profile
from localazure.compute.image_contents import Contents, DataContent, capture, discard
from localazure.compute.image_reference import IMAGES
from localazure.disks import sources
from localazure.disks.models import DISKS, SNAPSHOTS

_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/images"
_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute/images"
_GENERATIONS = ("V1", "V2")


@route("PUT", _GROUP + "/{name}")
async def put(call: Call) -> Response:
    """Create an image; one that exists can change its tags only."""
    check_name(call, NAME, 80)
    body = read_resource(call)
    existing = call.world.store.get(call.rid)
    if existing is not None:
        return _update(call, existing, body["tags"], body["properties"])
    doc, contents = _read(call, body)
    call.world.store.put(doc)
    op = call.world.operations.start(
        "compute.image.create",
        subject=call.rid,
        location=doc["location"],
        args={"contents": contents.as_dict()},
    )
    return created(doc, op, call.world)


@route("PATCH", _GROUP + "/{name}")
async def patch(call: Call) -> Response:
    """Change tags."""
    existing = _existing(call)
    tags = read_tags(call.json["tags"]) if call.json.get("tags") is not None else existing.get("tags", {})
    return _update(call, existing, tags, call.json.get("properties") or {})


def _update(call: Call, doc: Document, tags: dict[str, str], properties: dict[str, Any]) -> Response:
    _idle(call)
    source = properties.get("sourceVirtualMachine")
    had = doc["properties"].get("sourceVirtualMachine")
    if source is not None and str(source.get("id")).lower() != str((had or {}).get("id")).lower():
        raise errors.property_change("sourceVirtualMachine")
    generation = properties.get("hyperVGeneration")
    if generation is not None and generation != doc["properties"]["hyperVGeneration"]:
        raise errors.property_change("hyperVGeneration")
    doc["tags"] = tags
    call.world.store.put(doc)
    op = call.world.operations.start("compute.image.update", subject=call.rid, location=doc["location"])
    doc["properties"]["provisioningState"] = machines.UPDATING
    return updated(doc, op, call.world)


def _read(call: Call, body: Document) -> tuple[Document, Contents]:
    doc, given = new_document(call, body), body["properties"]
    generation = given.get("hyperVGeneration") or "V1"
    if generation not in _GENERATIONS:
        raise errors.invalid_parameter(
            "The value of parameter hyperVGeneration is invalid.", target="hyperVGeneration"
        )
    source = given.get("sourceVirtualMachine")
    if source is not None:
        storage, contents = _from_machine(call, source, doc["location"])
    else:
        storage, contents = _from_disks(call, given.get("storageProfile"), doc["location"])
    storage["zoneResilient"] = bool((given.get("storageProfile") or {}).get("zoneResilient", False))
    doc["properties"] = {
        "storageProfile": storage,
        "provisioningState": "Creating",
        "hyperVGeneration": generation,
    }
    if source is not None:
        doc["properties"] = {"sourceVirtualMachine": {"id": source["id"]}} | doc["properties"]
    return doc, contents


def _from_machine(call: Call, source: dict[str, Any], location: str) -> tuple[dict[str, Any], Contents]:
    vm = _machine(call, source, location)
    machines.admit(call.world, vm, "createImage")
    if (vm["properties"].get("securityProfile") or {}).get("securityType") == "TrustedLaunch":
        raise errors.managed_image_trusted_launch()
    storage = vm["properties"]["storageProfile"]
    os_disk = storage["osDisk"]
    shown = {
        "osDisk": {"osType": os_disk["osType"], "osState": "Generalized"} | _machine_disk(os_disk),
        "dataDisks": [{"lun": one["lun"]} | _machine_disk(one) for one in storage["dataDisks"]],
    }
    return shown, machine_contents(call.world, vm)


def machine_contents(world: World, vm: Document) -> Contents:
    """All disks of a machine as they are on the host now."""
    storage = storage_profile.current(world, vm)

    def content(one: dict[str, Any]) -> str:
        return str(
            sources.find(world, one["managedDisk"]["id"], kinds=(DISKS,), parameter="managedDisk.id")[
                "_content"
            ]
        )

    data = tuple(
        DataContent(one["lun"], content(one), one["diskSizeGB"], one["caching"])
        for one in storage["dataDisks"]
    )
    os_disk = storage["osDisk"]
    return Contents(content(os_disk), os_disk["diskSizeGB"], os_disk["caching"], data)


def _machine(call: Call, source: dict[str, Any], location: str) -> Document:
    try:
        rid = ResourceId.parse(str(source.get("id")))
    except ValueError:
        raise errors.invalid_parameter(
            f"Id {source.get('id')} is not a valid resource reference.", target="sourceVirtualMachine.id"
        ) from None
    vm = call.world.store.get(rid)
    if vm is None or rid.type.lower() != machines.MACHINES.lower() or vm["location"] != location:
        raise errors.reference_not_found(rid.text, call.rid.text)
    return vm


def _machine_disk(shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "diskSizeGB": shown["diskSizeGB"],
        "managedDisk": {"id": shown["managedDisk"]["id"]},
        "caching": shown["caching"],
        "storageAccountType": shown["managedDisk"]["storageAccountType"],
    }


def _from_disks(call: Call, given: Any, location: str) -> tuple[dict[str, Any], Contents]:
    os_disk = (given or {}).get("osDisk")
    if not isinstance(os_disk, dict):
        raise errors.missing_parameter("storageProfile.osDisk")
    for name in ("osType", "osState"):
        if not os_disk.get(name):
            raise errors.missing_parameter(f"osDisk.{name}")
    if os_disk["osState"] not in ("Generalized", "Specialized"):
        raise errors.invalid_parameter(
            "The value of parameter osDisk.osState is invalid.", target="osDisk.osState"
        )
    first = _disk(call, os_disk, location)
    data: list[dict[str, Any]] = []
    contents: list[DataContent] = []
    for one in given.get("dataDisks") or []:
        lun = one.get("lun")
        if not isinstance(lun, int):
            raise errors.missing_parameter("dataDisk.lun")
        if any(lun == other["lun"] for other in data):
            raise errors.lun_taken(lun)
        found = _disk(call, one, location)
        data.append({"lun": lun} | found[0])
        contents.append(
            DataContent(lun, found[1]["_content"], found[1]["properties"]["diskSizeGB"], found[0]["caching"])
        )
    shown = {
        "osDisk": {"osType": os_disk["osType"], "osState": os_disk["osState"]} | first[0],
        "dataDisks": data,
    }
    source = first[1]
    return shown, Contents(
        source["_content"], source["properties"]["diskSizeGB"], first[0]["caching"], tuple(contents)
    )


def _disk(call: Call, given: dict[str, Any], location: str) -> tuple[dict[str, Any], Document]:
    if given.get("blobUri"):
        raise not_implemented("images from blobs")
    kind = "snapshot" if given.get("snapshot") else "managedDisk"
    wanted = (given.get(kind) or {}).get("id")
    doc = sources.find(call.world, wanted, kinds=(DISKS, SNAPSHOTS), parameter=f"{kind}.id")
    if doc["location"] != location:
        raise errors.reference_not_found(doc["id"], call.rid.text)
    shown = {
        kind: {"id": doc["id"]},
        "caching": given.get("caching") or "None",
        "storageAccountType": given.get("storageAccountType") or "Standard_LRS",
    }
    return shown, doc


@job("compute.image.create")
async def create(world: World, op: Operation) -> dict[str, Any] | None:
    """Copy all disks at one point in time."""
    await world.time.take("image.create")
    doc = world.store.get(op.rid)
    if doc is None or "_contents" in doc:
        return None
    try:
        contents = await capture(world, Contents.from_dict(op.args["contents"]))
    except ArmError:
        doc["properties"]["provisioningState"] = "Failed"
        world.store.put(doc)
        raise
    storage = doc["properties"]["storageProfile"]
    storage["osDisk"] = _sized(storage["osDisk"], contents.os_size_gb)
    sizes = {disk.lun: disk.size_gb for disk in contents.data}
    storage["dataDisks"] = [_sized(one, sizes[one["lun"]]) for one in storage["dataDisks"]]
    doc["properties"]["provisioningState"] = "Succeeded"
    doc["_contents"] = contents.as_dict()
    world.store.put(doc)
    return None


def _sized(disk: dict[str, Any], size_gb: int) -> dict[str, Any]:
    return disk | {"diskSizeGB": size_gb}


@job("compute.image.update")
async def update(world: World, op: Operation) -> dict[str, Any] | None:
    """Only time passes: tags were written at once."""
    await world.time.take("image.create")
    return None


@job("compute.image.delete")
async def remove(world: World, op: Operation) -> dict[str, Any] | None:
    """Delete an image with its copies."""
    await world.time.take("image.delete")
    if (doc := world.store.get(op.rid)) is not None:
        await _discard(world, doc)
    return None


async def _discard(world: World, doc: Document) -> None:
    world.store.delete(doc["id"])
    await discard(world, doc.get("_contents"))


@deleter(IMAGES)
async def _cascade(world: World, doc: Document) -> None:
    if (op := world.operations.busy(doc["id"])) is not None:
        await world.operations.wait(op)
    await _discard(world, world.store.get(doc["id"]) or doc)


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def _idle(call: Call) -> None:
    if call.world.operations.busy(call.rid) is not None:
        raise errors.another_operation_in_progress(call.rid.text)


@route("GET", _GROUP + "/{name}")
async def get(call: Call) -> Response:
    """One image."""
    return ok(_existing(call))


@route("DELETE", _GROUP + "/{name}")
async def delete(call: Call) -> Response:
    """Delete an image; what was made of it stays."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    _idle(call)
    op = call.world.operations.start("compute.image.delete", subject=call.rid, location=doc["location"])
    return accepted(op, call.world)


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All images of a resource group."""
    return page(call, call.world.store.list(IMAGES, subscription=call.path["sub"], group=call.path["rg"]))


@route("GET", _SUB)
async def list_all(call: Call) -> Response:
    """All images of a subscription."""
    return page(call, call.world.store.list(IMAGES, subscription=call.path["sub"]))
