"""Restore point collections, restore points and the disks within them, on the wire."""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import NAME, check_name, new_document, read_resource, read_tags
from localazure.arm.errors import ArmError, not_found, not_implemented, parent_not_found
from localazure.arm.ids import ResourceId
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, created, no_content, ok, page, reply
from localazure.compute import errors, machines, restore_points
from localazure.compute.ids import parent_of
from localazure.compute.restore_points import COLLECTIONS, POINTS
from localazure.disks.models import now
from localazure.disks.sources import DISK_RESTORE_POINTS

_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute/restorePointCollections"
_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/restorePointCollections"
_COLLECTION = _GROUP + "/{collection}"
_POINT = _COLLECTION + "/restorePoints/{point}"


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def _idle(call: Call) -> None:
    beneath = call.rid.key + "/"
    if any(
        op.subject == call.rid.key or op.subject.startswith(beneath) for op in call.world.operations.running()
    ):
        raise errors.another_operation_in_progress(call.rid.text)


def _source(call: Call, given: Any, location: str) -> Document:
    text = (given or {}).get("id")
    if not text:
        raise errors.missing_parameter("properties.source.id")
    try:
        rid = ResourceId.parse(str(text))
    except ValueError:
        raise errors.invalid_parameter(
            f"Id {text} is not a valid resource reference.", target="source.id"
        ) from None
    if rid.type.lower() == COLLECTIONS.lower():
        raise not_implemented("copies of restore points between regions")
    vm = call.world.store.get(rid)
    if vm is None or rid.type.lower() != machines.MACHINES.lower() or "_deleting" in vm:
        raise errors.reference_not_found(rid.text, call.rid.text)
    if vm["location"] != location:
        raise ArmError(  # documented rule, assumed text
            400,
            "BadRequest",
            "The restore point collection must be in the same region as the source virtual machine: "
            f"{vm['location']}.",
            target="location",
        )
    return vm


@route("PUT", _COLLECTION)
async def put_collection(call: Call) -> Response:
    """Create at once (201), or change tags (200)."""
    check_name(call, NAME, 80)
    body = read_resource(call)
    existing = call.world.store.get(call.rid)
    source = body["properties"].get("source")
    if existing is not None:
        wanted = (source or {}).get("id")
        if wanted and wanted.lower() != existing["properties"]["source"]["id"].lower():
            raise errors.property_change("properties.source.id")
        existing["tags"] = body["tags"]
        call.world.store.put(existing)
        return ok(existing)
    vm = _source(call, source, body["location"])
    doc = new_document(call, body)
    doc["properties"] = {
        "source": {"id": vm["id"], "location": vm["location"]},
        "provisioningState": "Succeeded",
        "restorePointCollectionId": str(uuid.uuid4()),
    }
    call.world.store.put(doc)
    return reply(doc, 201)


@route("PATCH", _COLLECTION)
async def patch_collection(call: Call) -> Response:
    """Change tags."""
    doc = _existing(call)
    if call.json.get("tags") is not None:
        doc["tags"] = read_tags(call.json["tags"])
        call.world.store.put(doc)
    return ok(doc)


@route("GET", _COLLECTION)
async def get_collection(call: Call) -> Response:
    """One collection, with `$expand=restorePoints` all its points."""
    doc = _existing(call)
    if "restorepoints" in call.query.get("$expand", "").lower():
        doc["properties"]["restorePoints"] = call.world.store.list(POINTS, parent=call.rid)
    return ok(doc)


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All collections of a resource group."""
    return page(
        call, call.world.store.list(COLLECTIONS, subscription=call.path["sub"], group=call.path["rg"])
    )


@route("GET", _SUB)
async def list_all(call: Call) -> Response:
    """All collections of a subscription."""
    return page(call, call.world.store.list(COLLECTIONS, subscription=call.path["sub"]))


@route("DELETE", _COLLECTION)
@route("DELETE", _POINT)
async def delete(call: Call) -> Response:
    """Delete a point, or a collection with its points."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    _idle(call)
    parent = doc if "location" in doc else call.world.store.get(call.rid.parent or call.rid) or doc
    op = call.world.operations.start(
        "compute.restorePoint.delete", subject=call.rid, location=parent.get("location", "")
    )
    return accepted(op, call.world)


@route("PUT", _POINT)
async def put_point(call: Call) -> Response:
    """Create a restore point; one that exists never changes."""
    check_name(call, NAME, 80)
    parent = parent_of(call.rid)
    collection = call.world.store.get(parent)
    if collection is None:
        raise parent_not_found(call.rid, parent)
    if call.world.store.get(call.rid) is not None:
        raise ArmError(  # assumed text
            409, "Conflict", f"Restore point '{call.rid.name}' already exists and cannot be updated."
        )
    given = read_resource(call, located=False)["properties"]
    vm = _source(call, collection["properties"]["source"], collection["location"])
    if (busy := call.world.operations.busy(vm["id"])) is not None and busy.kind == "compute.vm.create":
        raise errors.not_allowed_on_vm("Create Restore Point", vm["name"], errors.IN_PROGRESS)
    excluded = _excluded(vm, given.get("excludeDisks") or [])
    planned = restore_points.plan_disks(call.rid, vm, excluded)
    doc = _document(call, vm, given, excluded, planned)
    call.world.store.put(doc)
    op = call.world.operations.start(
        "compute.restorePoint.create",
        subject=call.rid,
        location=collection["location"],
        args={"disks": planned},
    )
    return created(doc, op, call.world)


def _document(
    call: Call, vm: Document, given: dict[str, Any], excluded: set[str], planned: list[dict[str, str]]
) -> Document:
    disk_points = {one["disk"].lower(): one["point"] for one in planned}
    properties: dict[str, Any] = {
        "sourceMetadata": restore_points.source_metadata(vm, excluded, disk_points),
        "provisioningState": "Creating",
        "consistencyMode": _consistency(call, vm, given.get("consistencyMode")),
        "timeCreated": now(call.world),
    }
    if given.get("excludeDisks"):
        properties = {"excludeDisks": given["excludeDisks"]} | properties
    return {"name": call.rid.name, "id": call.rid.text, "type": POINTS, "properties": properties}


def _consistency(call: Call, vm: Document, asked: Any) -> str:
    """Only CrashConsistent may be asked for (documented); otherwise it is what the operating system can.

    A guest that runs has to be quiesced for that: by a host that holds it still with its file systems written
    out (it says `quiesces`), at the word of an agent that is there.
    """
    if asked not in (None, "CrashConsistent"):
        raise errors.invalid_parameter(
            "The value of parameter consistencyMode is invalid.", target="consistencyMode"
        )
    if asked:
        return "CrashConsistent"
    if machines.power(call.world, vm) == "running" and not _quiesced(call, vm):
        raise not_implemented(
            "restore points that quiesce a running guest; ask for consistencyMode CrashConsistent"
        )
    windows = vm["properties"]["storageProfile"]["osDisk"]["osType"] == "Windows"
    return "ApplicationConsistent" if windows else "FileSystemConsistent"


def _quiesced(call: Call, vm: Document) -> bool:
    host = call.world.guests
    ready = host.report(vm["properties"]["vmId"]).agent_status == "Ready"
    return bool(getattr(host, "quiesces", False)) and ready


def _excluded(vm: Document, given: list[dict[str, Any]]) -> set[str]:
    storage = vm["properties"]["storageProfile"]
    data = {disk["managedDisk"]["id"].lower() for disk in storage["dataDisks"]}
    wanted = {str(one.get("id")).lower() for one in given}
    if not wanted <= data:
        raise errors.invalid_parameter(
            "The value of parameter excludeDisks is invalid.", target="excludeDisks"
        )
    return wanted


@route("GET", _POINT)
async def get_point(call: Call) -> Response:
    """One restore point."""
    return ok(_existing(call))


@route("GET", _COLLECTION + "/restorePoints")
async def list_points(call: Call) -> Response:
    """All restore points of a collection."""
    _existing(call)
    return page(call, call.world.store.list(POINTS, parent=call.rid))


@route("GET", _POINT + "/diskRestorePoints")
async def list_disk_points(call: Call) -> Response:
    """All disks of a restore point."""
    _existing(call)
    return page(call, call.world.store.list(DISK_RESTORE_POINTS, parent=call.rid))


@route("GET", _POINT + "/diskRestorePoints/{disk}")
async def get_disk_point(call: Call) -> Response:
    """One disk of a restore point."""
    return ok(_existing(call))
