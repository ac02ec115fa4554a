"""Galleries and image definitions on the wire."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import new_document, read_resource, read_tags
from localazure.arm.errors import not_found, not_implemented
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, created, no_content, ok, page, updated
from localazure.compute.errors import another_operation_in_progress
from localazure.compute.ids import parent_of
from localazure.galleries import definitions, errors, jobs
from localazure.galleries.resolve import DEFINITIONS, GALLERIES, VERSIONS

_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute/galleries"
_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/galleries"
GALLERY = _GROUP + "/{gallery}"
DEFINITION = GALLERY + "/images/{image}"
FLAVOUR = "capsOperations"


def existing(call: Call) -> Document:
    """The resource the path names, or 404."""
    doc = call.world.store.get(call.rid)
    if doc is None or "_soft_deleted" in doc:
        raise not_found(call.rid)
    return doc


def idle(call: Call) -> None:
    """Refuse a second operation on the same resource."""
    if call.world.operations.busy(call.rid) is not None:
        raise another_operation_in_progress(call.rid.text)


def parent(call: Call) -> Document:
    """The gallery of a definition, or the definition of a version."""
    rid = parent_of(call.rid)
    doc = call.world.store.get(rid)
    if doc is None:
        raise errors.parent_missing(rid)
    return doc


def start(call: Call, kind: str, doc: Document, args: dict[str, Any], *, new: bool | None) -> Response:
    """Begin an operation: 201 for a new resource, 200 for a changed one, 202 for one that goes (None)."""
    op = call.world.operations.start(
        kind, subject=call.rid, location=doc["location"], flavour=FLAVOUR, args=args
    )
    if new is None:
        return accepted(op, call.world)
    return created(doc, op, call.world) if new else updated(doc, op, call.world)


@route("PUT", GALLERY)
async def put_gallery(call: Call) -> Response:
    """Create a gallery, or change it."""
    definitions.check_gallery_name(call)
    body = read_resource(call)
    idle(call)
    had = call.world.store.get(call.rid)
    doc = new_document(call, body)
    doc["properties"] = definitions.gallery_properties(call, body["properties"])
    doc["properties"]["provisioningState"] = "Creating" if had is None else "Updating"
    call.world.store.put(doc)
    duration = "gallery.create" if had is None else "gallery.update"
    return start(call, jobs.SETTLE, doc, {"duration": duration}, new=had is None)


@route("PATCH", GALLERY)
async def patch_gallery(call: Call) -> Response:
    """Change description, tags or the soft-delete policy."""
    doc = existing(call)
    idle(call)
    given = call.json.get("properties") or {}
    had = {
        key: doc["properties"][key] for key in ("description", "softDeletePolicy") if key in doc["properties"]
    }
    doc["properties"] |= definitions.gallery_properties(call, had | given)
    if call.json.get("tags") is not None:
        doc["tags"] = read_tags(call.json["tags"])
    call.world.store.put(doc)  # recorded: a gallery's PATCH shows Succeeded at once
    return start(call, jobs.SETTLE, doc, {"duration": "gallery.update"}, new=False)


@route("GET", GALLERY)
@route("GET", DEFINITION)
async def get(call: Call) -> Response:
    """One gallery or definition."""
    if call.query.get("$select") or call.query.get("$expand"):
        raise not_implemented("sharing profiles of galleries")
    return ok(existing(call))


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All galleries of a resource group."""
    return page(call, call.world.store.list(GALLERIES, subscription=call.path["sub"], group=call.path["rg"]))


@route("GET", _SUB)
async def list_all(call: Call) -> Response:
    """All galleries of a subscription."""
    return page(call, call.world.store.list(GALLERIES, subscription=call.path["sub"]))


@route("DELETE", GALLERY)
@route("DELETE", DEFINITION)
async def delete(call: Call) -> Response:
    """Delete, when nothing is left inside."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    idle(call)
    inside = DEFINITIONS if doc["type"] == GALLERIES else VERSIONS
    if call.world.store.list(inside, parent=call.rid):
        raise errors.nested_resources()
    doc["properties"]["provisioningState"] = "Deleting"
    call.world.store.put(doc)
    duration = "gallery.delete" if doc["type"] == GALLERIES else "definition.delete"
    return start(call, jobs.DELETE, doc, {"duration": duration}, new=None)


@route("PUT", DEFINITION)
async def put_definition(call: Call) -> Response:
    """Create an image definition, or change it."""
    definitions.check_definition_name(call)
    parent(call)
    had = call.world.store.get(call.rid)
    body = read_resource(call)
    idle(call)
    if had is not None:
        return _change(call, had, body["properties"], body["tags"])
    doc = new_document(call, body)
    doc["properties"] = definitions.definition_properties(call, body["properties"])
    doc["properties"]["provisioningState"] = "Creating"
    call.world.store.put(doc)
    return start(call, jobs.SETTLE, doc, {"duration": "definition.create"}, new=True)


@route("PATCH", DEFINITION)
async def patch_definition(call: Call) -> Response:
    """Change what is not fixed in a definition."""
    had = existing(call)
    idle(call)
    tags = read_tags(call.json["tags"]) if call.json.get("tags") is not None else None
    return _change(call, had, call.json.get("properties") or {}, tags)


def _change(call: Call, doc: Document, given: dict[str, Any], tags: dict[str, str] | None) -> Response:
    doc["properties"] = definitions.changed_definition(call.world, doc, given)
    doc["properties"]["provisioningState"] = "Updating"
    if tags is not None:
        doc["tags"] = tags
    call.world.store.put(doc)
    return start(call, jobs.SETTLE, doc, {"duration": "definition.update"}, new=False)


@route("GET", GALLERY + "/images")
async def list_definitions(call: Call) -> Response:
    """All definitions of a gallery."""
    existing(call)
    return page(call, call.world.store.list(DEFINITIONS, parent=call.rid))


@route("POST", GALLERY + "/share")
async def share(call: Call) -> Response:
    """Sharing a gallery."""
    existing(call)
    raise not_implemented("sharing galleries")
