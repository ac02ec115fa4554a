"""The network service on the wire: one set of routes for every kind, then subnets and rules."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter, quiet
from localazure.arm.envelope import NAME, check_etag, check_name, new_document, read_resource, read_tags
from localazure.arm.errors import invalid_content, not_found, not_implemented
from localazure.arm.operations import Operation, Output, job
from localazure.arm.routing import Endpoint, route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, ok, page
from localazure.arm.world import World

from . import egress, nics, nsgs, public_ips, vnets
from .kinds import PROVIDER, Kind, check_idle, touch
from .models import holders_of_group, push_rules

KINDS = (vnets.KIND, nsgs.KIND, public_ips.KIND, nics.KIND, egress.TABLES, egress.GATEWAYS)
_BY_TYPE = {kind.type.lower(): kind for kind in KINDS}


def begin(call: Call, doc: Document, job_kind: str, time: str) -> Operation:
    """Start an operation of this service."""
    location = doc.get("location", "westeurope")
    return call.world.operations.start(
        job_kind, subject=call.rid, location=location, args={"time": time}, provider=PROVIDER
    )


@job("network.settle")
async def settle(world: World, op: Operation) -> Output:
    """The end of a PUT: what was Updating has Succeeded, and running machines get their rules."""
    await world.time.take(op.args["time"])
    doc = world.store.get(op.subject)
    if doc is not None and doc["properties"]["provisioningState"] == "Updating":
        doc["properties"]["provisioningState"] = "Succeeded"
        world.store.put(doc)
    await push_rules(world, {op.target, *holders_of_group(world, op.target), *_subnets(world, op.target)})
    return None


def _subnets(world: World, rid: str) -> list[str]:
    return [doc["id"] for doc in world.store.beneath(rid)]


@job("network.delete")
async def finish_delete(world: World, op: Operation) -> Output:
    """The end of a DELETE."""
    await world.time.take(op.args["time"])
    world.store.delete_tree(op.subject)
    return None


def _register(kind: Kind) -> None:
    base = f"/subscriptions/{{sub}}/resourceGroups/{{rg}}/providers/{PROVIDER}/{kind.collection}"

    async def put(call: Call) -> Response:
        check_name(call, NAME, 80)
        body, existing = read_resource(call), call.world.store.get(call.rid)
        check_etag(call, existing)
        check_idle(call.world, call.rid)
        doc = new_document(
            call,
            {member: body[member] for member in ("location", "tags", *kind.envelope) if member in body},
            properties=kind.read(call, body, existing),
        )
        with call.world.store.together():
            touch(call.world, doc, kind.first_state)
            if kind.after_put is not None:
                kind.after_put(call, body, doc)
            op = begin(call, doc, "network.settle", kind.time)
        shown = kind.show(call.world, doc)
        return accepted(op, call.world, body=shown, status=200 if existing else 201, location=False)

    async def get(call: Call) -> Response:
        return ok(kind.show(call.world, _existing(call)))

    async def patch(call: Call) -> Response:
        if set(call.json) - {"tags"}:
            raise invalid_content("Only tags of this resource can be changed by PATCH. Path ''")
        doc = _existing(call)
        check_idle(call.world, call.rid)
        doc["tags"] = read_tags(call.json.get("tags"))
        touch(call.world, doc, doc["properties"]["provisioningState"])
        return ok(kind.show(call.world, doc))

    async def delete(call: Call) -> Response:
        doc = call.world.store.get(call.rid)
        if doc is None:
            return no_content()
        check_etag(call, doc)
        check_idle(call.world, call.rid)
        kind.check_unused(call.world, doc)
        return _deleting(call, doc)

    async def listing(call: Call) -> Response:
        found = call.world.store.list(
            kind.type, subscription=call.world.config.subscription, group=call.path.get("rg")
        )
        return page(call, [kind.show(call.world, doc) for doc in found])

    _named("put", kind, put, "PUT", f"{base}/{{name}}")
    _named("get", kind, get, "GET", f"{base}/{{name}}")
    _named("patch", kind, patch, "PATCH", f"{base}/{{name}}")
    _named("delete", kind, delete, "DELETE", f"{base}/{{name}}")
    _named("list", kind, listing, "GET", base)
    _named("list_all", kind, listing, "GET", f"/subscriptions/{{sub}}/providers/{PROVIDER}/{kind.collection}")

    @deleter(kind.type)
    async def delete_in_cascade(world: World, doc: Document) -> None:
        await quiet(world, doc["id"])
        kind.check_unused(world, world.store.get(doc["id"]) or doc)


def _named(verb: str, kind: Kind, endpoint: Endpoint, method: str, pattern: str) -> None:
    """Register a route under a name of its own, which the request log shows."""

    async def named(call: Call) -> Response:
        return await endpoint(call)

    named.__name__ = f"{verb}_{kind.collection}"
    route(method, pattern)(named)


def _existing(call: Call) -> Document:
    if "$expand" in call.query:
        raise not_implemented(f"$expand={call.query['$expand']} of network resources")
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


def _deleting(call: Call, doc: Document) -> Response:
    touch(call.world, doc, "Deleting")
    parent = call.rid.parent
    holder = call.world.store.get(parent) if parent else None
    op = begin(call, doc if "location" in doc else holder or doc, "network.delete", "network.delete")
    return accepted(op, call.world)


for _kind in KINDS:
    _register(_kind)
