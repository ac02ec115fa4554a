"""Disks and snapshots on the wire: 202 and `Updating` first, the resource in the operation's output later."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import read_resource, read_tags
from localazure.arm.errors import invalid_content, not_found
from localazure.arm.routing import route
from localazure.arm.shapes.check import check_body
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, ok, page
from localazure.compute.errors import another_operation_in_progress, invalid_parameter, out_of_range
from localazure.disks import errors, jobs, requests
from localazure.disks.models import DISKS, SNAPSHOTS, completion, holder, pending, show

_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute"
_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute"
_DISK_POINT = _GROUP + "/restorePointCollections/{rpc}/restorePoints/{point}/diskRestorePoints/{disk}"
_TYPES = {"disks": DISKS, "snapshots": SNAPSHOTS}
_FLAVOUR = "DiskOperations"
_LONGEST_ACCESS = (1 << 32) - 1


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def _idle(call: Call) -> None:
    if call.world.operations.busy(call.rid) is not None:
        raise another_operation_in_progress(call.rid.text)


def _start(
    call: Call, kind: str, doc: Document, args: dict[str, Any] | None = None, body: Any = None
) -> Response:
    op = call.world.operations.start(
        kind, subject=call.rid, location=_location(doc), flavour=_FLAVOUR, args=args or {}
    )
    return accepted(op, call.world, body=body)


def _location(doc: Document) -> str:
    return str(doc.get("location") or doc["_location"])  # a disk of a restore point has none of its own


@route("PUT", _GROUP + "/disks/{name}")
@route("PUT", _GROUP + "/snapshots/{name}")
async def put(call: Call) -> Response:
    """Create, or change what exists."""
    _idle(call)
    existing = call.world.store.get(call.rid)
    if existing is not None:
        body = read_resource(call)
        return _update(call, existing, body, tags=body["tags"])
    doc, source = requests.read_new(call)
    doc["properties"]["provisioningState"] = "Updating"
    body = pending(doc, new=True)
    call.world.store.put(doc)
    return _start(call, "disks.create", doc, jobs.source_args(source), body)


@route("PATCH", _GROUP + "/disks/{name}")
@route("PATCH", _GROUP + "/snapshots/{name}")
async def patch(call: Call) -> Response:
    """Change size, kind, access or tags."""
    existing = _existing(call)
    _idle(call)
    given = call.json
    check_body(call.rid.type, given)
    return _update(
        call, existing, given, tags=read_tags(given["tags"]) if given.get("tags") is not None else None
    )


def _update(call: Call, existing: Document, given: Document, *, tags: dict[str, str] | None) -> Response:
    properties = given.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise invalid_content("Error converting value to type 'JObject'. Path 'properties'")
    after = requests.changed(call, existing, given)
    if tags is not None:
        after["tags"] = tags
    after = {key: after[key] for key in ("properties", "sku", "tags") if key in after}
    body = pending(existing | after, new=False)
    return _start(call, "disks.update", existing, {"after": after}, body)


@route("GET", _GROUP + "/disks/{name}")
@route("GET", _GROUP + "/snapshots/{name}")
async def get(call: Call) -> Response:
    """One disk or snapshot."""
    return ok(show(call.world, _existing(call)))


@route("DELETE", _GROUP + "/disks/{name}")
@route("DELETE", _GROUP + "/snapshots/{name}")
async def delete(call: Call) -> Response:
    """Delete; refused while attached, lent out or being copied from."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    _idle(call)
    jobs.check_deletable(call.world, doc)
    return _start(call, "disks.delete", doc)


@route("GET", _GROUP + "/disks")
@route("GET", _GROUP + "/snapshots")
async def list_group(call: Call) -> Response:
    """All of a resource group."""
    kind = _TYPES[call.canonical.rstrip("/").rsplit("/", 1)[-1]]
    found = call.world.store.list(kind, subscription=call.path["sub"], group=call.path["rg"])
    return page(call, [show(call.world, doc) for doc in found])


@route("GET", _SUB + "/disks")
@route("GET", _SUB + "/snapshots")
async def list_subscription(call: Call) -> Response:
    """All of a subscription."""
    kind = _TYPES[call.canonical.rstrip("/").rsplit("/", 1)[-1]]
    return page(
        call, [show(call.world, doc) for doc in call.world.store.list(kind, subscription=call.path["sub"])]
    )


@route("POST", _GROUP + "/disks/{name}/beginGetAccess")
@route("POST", _GROUP + "/snapshots/{name}/beginGetAccess")
@route("POST", _DISK_POINT + "/beginGetAccess")
async def begin_get_access(call: Call) -> Response:
    """Lend the content out by a shared access signature."""
    doc = _existing(call)
    _idle(call)
    level, seconds = call.json.get("access"), call.json.get("durationInSeconds")
    if level not in ("Read", "Write") or (level == "Write" and doc["type"] != DISKS):
        raise invalid_parameter("The value of parameter access is invalid.", target="access")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= _LONGEST_ACCESS:
        raise out_of_range("durationInSeconds", seconds, 1, _LONGEST_ACCESS)
    if doc["type"] == SNAPSHOTS and completion(call.world, doc) < 100:
        raise errors.source_not_complete(doc["name"])
    if (level == "Write") != ("_upload" in doc):
        raise errors.not_uploading(doc["name"]) if level == "Write" else errors.uploading(doc["name"])
    vm = holder(call.world, doc)
    if vm is not None and vm.get("_power") != "deallocated":
        raise errors.access_while_running(doc["name"], vm["id"])
    return _start(call, "disks.grant", doc, {"access": level, "seconds": seconds})


@route("POST", _GROUP + "/disks/{name}/endGetAccess")
@route("POST", _GROUP + "/snapshots/{name}/endGetAccess")
@route("POST", _DISK_POINT + "/endGetAccess")
async def end_get_access(call: Call) -> Response:
    """Take the signature back; no error when there is none."""
    doc = _existing(call)
    _idle(call)
    return _start(call, "disks.revoke", doc)
