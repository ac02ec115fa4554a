"""Management locks: CanNotDelete and ReadOnly on a subscription, a group or a resource."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm import gate
from localazure.arm.calls import Call
from localazure.arm.errors import ArmError, invalid_content
from localazure.arm.ids import ResourceId
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import no_content, page, reply

from .scopes import scope_id, scoped

_LOCKS = "/{scope*}/providers/Microsoft.Authorization/locks"


def _lock_id(call: Call, scope: ResourceId) -> ResourceId:
    name = call.path["lock"]
    return ResourceId(
        scope.subscription, scope.group, "Microsoft.Authorization", ("locks",), (name,), _hangs_on(scope)
    )


def _hangs_on(scope: ResourceId) -> ResourceId | None:
    """A lock on a resource extends it; on a group or subscription its id already says so."""
    return scope if scope.provider is not None else None


@route("PUT", _LOCKS + "/{lock}")
async def put_lock(call: Call) -> Response:
    """Create (201) or change (200) a lock."""
    scope = scope_id(call)
    if scope.group is not None:
        scope = ResourceId.parse(scoped(call)[1]["id"])
    properties = call.json.get("properties")
    level = properties.get("level") if isinstance(properties, dict) else None
    if level not in ("CanNotDelete", "ReadOnly"):
        raise invalid_content("Required property 'properties.level' is missing or invalid. Path 'properties'")
    rid = call.world.settled(_lock_id(call, scope))
    status = 200 if rid in call.world.store else 201
    shown = {"level": level}
    if isinstance(properties, dict) and properties.get("notes"):
        shown["notes"] = str(properties["notes"])
    doc: Document = {"id": rid.text, "name": rid.name, "type": gate.LOCK, "properties": shown}
    call.world.store.put(doc | {"_scope": scope.text})
    return reply(doc, status)


@route("GET", _LOCKS + "/{lock}")
async def get_lock(call: Call) -> Response:
    """A lock."""
    rid = _lock_id(call, scope_id(call))
    doc = call.world.store.get(rid)
    if doc is None:
        raise ArmError(404, "LockNotFound", f"The lock '{rid.name}' could not be found.")
    return reply(doc)


@route("DELETE", _LOCKS + "/{lock}")
async def delete_lock(call: Call) -> Response:
    """Remove a lock: 200, or 204 when there is none."""
    rid = _lock_id(call, scope_id(call))
    if rid not in call.world.store:
        return no_content()
    call.world.store.delete(rid)
    return reply(None, 200)


@route("GET", _LOCKS)
async def list_locks(call: Call) -> Response:
    """The locks at a scope and beneath it."""
    scope = scope_id(call)
    found = [doc for doc in call.world.store.list(gate.LOCK) if _within(doc, scope)]
    return page(call, found)


def _within(doc: Document, scope: ResourceId) -> bool:
    return ResourceId.parse(doc["_scope"]).is_under(scope)
