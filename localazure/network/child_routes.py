"""Subnets and security rules as resources of their own."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter
from localazure.arm.envelope import NAME, check_etag, check_name
from localazure.arm.errors import ArmError, invalid_content, not_found
from localazure.arm.ids import ResourceId
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, ok, page
from localazure.arm.world import World

from . import rules, vnets
from .kinds import PROVIDER, check_idle, same, touch
from .models import SUBNET
from .routes import begin

_VNET = f"/subscriptions/{{sub}}/resourceGroups/{{rg}}/providers/{PROVIDER}/virtualNetworks/{{vnet}}"
_NSG = f"/subscriptions/{{sub}}/resourceGroups/{{rg}}/providers/{PROVIDER}/networkSecurityGroups/{{nsg}}"


def _parent(call: Call) -> tuple[ResourceId, Document]:
    """The network or group the path is in; 404 as for any resource that is not there."""
    rid = call.rid if call.rid.parent is None or len(call.rid.types) < 2 else call.rid.parent
    doc = call.world.store.get(rid)
    if doc is None:
        raise not_found(rid)
    return ResourceId.parse(doc["id"]), doc


def _properties(call: Call) -> dict[str, object]:
    body = call.json
    if unknown := min(set(body) - {"id", "name", "type", "etag", "properties"}, default=None):
        raise invalid_content(
            f"Could not find member '{unknown}' on object of type 'Resource'. Path '{unknown}'"
        )
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise invalid_content("Required property 'properties' not found in JSON. Path ''")
    return properties


@route("PUT", _VNET + "/subnets/{name}")
async def put_subnet(call: Call) -> Response:
    """Create (201) or change (200) a subnet."""
    parent, vnet = _parent(call)
    check_name(call, NAME, 80)
    existing = call.world.store.get(call.rid)
    check_etag(call, existing)
    check_idle(call.world, call.rid, parent)
    read = vnets.read_subnet(call.world, call.rid, _properties(call), vnet["location"])
    vnets.check_subnet_prefix(call.world, call.rid, read)
    with call.world.store.together():
        doc = vnets.put_subnet(call.world, call.rid, read, "Updating")
        op = begin(call, vnet, "network.settle", "network.subnet")
    shown = vnets.show_subnet(call.world, doc)
    return accepted(op, call.world, body=shown, status=200 if existing else 201, location=False)


@route("GET", _VNET + "/subnets/{name}")
async def get_subnet(call: Call) -> Response:
    """A subnet."""
    _parent(call)
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise ArmError(404, "NotFound", f"Resource {call.rid.text} not found.")
    return ok(vnets.show_subnet(call.world, doc))


@route("GET", _VNET + "/subnets")
async def list_subnets(call: Call) -> Response:
    """The subnets of a network."""
    parent, _ = _parent(call)
    found = call.world.store.list(SUBNET, parent=parent)
    return page(call, [vnets.show_subnet(call.world, doc) for doc in found])


@route("DELETE", _VNET + "/subnets/{name}")
async def delete_subnet(call: Call) -> Response:
    """Delete a subnet that nobody uses; 204 when there is none."""
    parent, vnet = _parent(call)
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    check_idle(call.world, call.rid, parent)
    vnets.check_subnet_unused(call.world, doc)
    touch(call.world, doc, "Deleting")
    return accepted(begin(call, vnet, "network.delete", "network.delete"), call.world)


@deleter(SUBNET)
async def delete_subnet_in_cascade(world: World, doc: Document) -> None:
    """Refuse while it is used."""
    vnets.check_subnet_unused(world, doc)


@route("PUT", _NSG + "/securityRules/{name}")
async def put_rule(call: Call) -> Response:
    """Create (201) or change (200) a rule of a group."""
    parent, group = _parent(call)
    check_idle(call.world, parent)
    read = rules.read_rule(parent, call.rid.name, _properties(call))
    every = group["properties"]["securityRules"]
    others = [one for one in every if not same(one["name"], read["name"])]
    rules.check_priorities([*others, read])
    group["properties"]["securityRules"] = [*others, read]
    return _save(call, group, read, 200 if len(others) < len(every) else 201)


def _save(call: Call, group: Document, shown: rules.Rule | None, status: int) -> Response:
    with call.world.store.together():
        touch(call.world, group, "Updating")
        op = call.world.operations.start(
            "network.settle",
            subject=ResourceId.parse(group["id"]),
            location=group["location"],
            args={"time": "network.nsg"},
            provider=PROVIDER,
        )
    return accepted(op, call.world, body=shown, status=status, location=shown is None)


def _rule(call: Call, member: str) -> rules.Rule:
    _, group = _parent(call)
    for one in group["properties"][member]:
        if same(one["name"], call.path["name"]):
            found: rules.Rule = one
            return found
    raise ArmError(404, "NotFound", f"Resource {call.rid.text} not found.")


@route("GET", _NSG + "/securityRules/{name}")
async def get_rule(call: Call) -> Response:
    """A rule."""
    return ok(_rule(call, "securityRules"))


@route("GET", _NSG + "/securityRules")
async def list_rules(call: Call) -> Response:
    """The rules of a group, without Azure's own."""
    return page(call, _parent(call)[1]["properties"]["securityRules"])


@route("DELETE", _NSG + "/securityRules/{name}")
async def delete_rule(call: Call) -> Response:
    """Remove a rule; 204 when there is none."""
    parent, group = _parent(call)
    check_idle(call.world, parent)
    every = group["properties"]["securityRules"]
    left = [one for one in every if not same(one["name"], call.path["name"])]
    if len(left) == len(every):
        return no_content()
    group["properties"]["securityRules"] = left
    return _save(call, group, None, 202)


@route("GET", _NSG + "/defaultSecurityRules/{name}")
async def get_default_rule(call: Call) -> Response:
    """One of Azure's own rules."""
    return ok(_rule(call, "defaultSecurityRules"))


@route("GET", _NSG + "/defaultSecurityRules")
async def list_default_rules(call: Call) -> Response:
    """Azure's own rules."""
    return page(call, _parent(call)[1]["properties"]["defaultSecurityRules"])
