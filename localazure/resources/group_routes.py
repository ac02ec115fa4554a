"""Resource groups on the wire."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm import gate
from localazure.arm.calls import Call
from localazure.arm.envelope import REGIONS, normal_location, read_tags
from localazure.arm.errors import ArmError, group_not_found, invalid_content, not_implemented
from localazure.arm.ids import GROUP_TYPE, ResourceId
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, page, reply

from .filters import read_filter
from .groups import check_group_name, group_document

_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}"
_MEMBERS = {"id", "name", "type", "location", "tags", "managedBy", "properties"}


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise group_not_found(call.path["rg"])
    return doc


@route("GET", "/subscriptions/{sub}/resourceGroups")
async def list_groups(call: Call) -> Response:
    """All groups, or those with a tag: `tagName eq 'x' and tagValue eq 'y'`."""
    wanted = read_filter(call.query.get("$filter"), {"tagname", "tagvalue"})
    groups = call.world.store.list(GROUP_TYPE, subscription=call.world.config.subscription)
    return page(call, [doc for doc in groups if wanted(doc)])


@route("PUT", _GROUP, bare=True)
async def put_group(call: Call) -> Response:
    """Create a group (201), or replace its tags (200)."""
    check_group_name(call.path["rg"])
    body = call.json
    for member in body:
        if member not in _MEMBERS:
            raise invalid_content(
                f"Could not find member '{member}' on object of type 'ResourceGroupDefinition'. Path "
                f"'{member}'"
            )
    location = _location(call, body.get("location"))
    doc = call.world.store.get(call.rid)
    if doc is None:
        doc, status = group_document(call.rid, location, read_tags(body.get("tags"))), 201
    else:
        status = 200
        _check_living(call, doc)
        doc["tags"] = read_tags(body.get("tags"))
    if body.get("managedBy"):
        doc["managedBy"] = body["managedBy"]
    call.world.store.put(doc)
    return reply(doc, status)


def _location(call: Call, given: object) -> str:
    if not isinstance(given, str) or not given:
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    location = normal_location(given)
    if location not in REGIONS:
        raise ArmError(  # documented text
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{given}' is not available for resource group. List of available regions "
            "is "
            f"'{','.join(REGIONS)}'.",
        )
    doc = call.world.store.get(call.rid)
    if doc is not None and doc["location"] != location:
        raise ArmError(  # documented text
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in location "
            f"'{doc['location']}'.",
        )
    return location


def _check_living(call: Call, doc: Document) -> None:
    if doc["properties"]["provisioningState"] == "Deleting":
        raise ArmError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{doc['name']}' is in deprovisioning state and cannot perform this "
            "operation.",
        )


@route("GET", _GROUP, bare=True)
async def get_group(call: Call) -> Response:
    """The group."""
    return reply(_existing(call))


@route("HEAD", _GROUP, bare=True)
async def check_group_existence(call: Call) -> Response:
    """204 when it is there, 404 when not, both without a body."""
    return no_content() if call.rid in call.world.store else reply(None, 404)


@route("PATCH", _GROUP, bare=True)
async def patch_group(call: Call) -> Response:
    """Replace the tags."""
    doc = _existing(call)
    _check_living(call, doc)
    if set(call.json) - {"tags", "name", "properties", "managedBy"}:
        raise invalid_content("Only tags of a resource group can be changed. Path ''")
    if "tags" in call.json:
        doc["tags"] = read_tags(call.json["tags"])
    call.world.store.put(doc)
    return reply(doc)


@route("DELETE", _GROUP, bare=True)
async def delete_group(call: Call) -> Response:
    """Begin to delete the group with everything in it: 202, and a Location alone to ask (documented)."""
    world, doc = call.world, _existing(call)
    locked = [scope.text for _, scope in gate.locks_beneath(world, call.rid)]
    if locked:
        raise gate.scope_locked(call.rid, "delete", locked)
    op = world.operations.busy(call.rid)
    if op is None or op.kind != "group.delete":
        doc["properties"]["provisioningState"] = "Deleting"
        with world.store.together():
            world.store.put(doc)
            op = world.operations.start(
                "group.delete",
                subject=ResourceId.parse(doc["id"]),
                location=doc["location"],
                flavour="operationresults",
                provider="Microsoft.Resources",
            )
    return accepted(op, world)


@route("GET", _GROUP + "/resources")
async def list_group_resources(call: Call) -> Response:
    """What is in the group, without properties."""
    return _resources(call, call.path["rg"])


@route("GET", "/subscriptions/{sub}/resources")
async def list_resources(call: Call) -> Response:
    """What is in the subscription, without properties."""
    return _resources(call, None)


_SHOWN = ("id", "name", "type", "location", "tags", "sku", "kind", "plan", "zones", "identity", "managedBy")


def _resources(call: Call, group: str | None) -> Response:
    fields = {"resourcetype", "tagname", "tagvalue", "name", "location", "resourcegroup"}
    wanted = read_filter(call.query.get("$filter"), fields)
    expand = {part.strip().lower() for part in call.query.get("$expand", "").split(",") if part.strip()}
    if expand - {"provisioningstate"}:
        raise not_implemented(f"$expand={call.query['$expand']} of a list of resources")
    world = call.world
    scope = ResourceId(world.config.subscription, group)
    found = []
    for doc in world.store.beneath(scope):
        if doc["type"] == GROUP_TYPE or "location" not in doc or not wanted(doc):
            continue
        shown = {name: doc[name] for name in _SHOWN if doc.get(name) not in (None, {})}
        if expand:
            shown["provisioningState"] = doc.get("properties", {}).get("provisioningState")
        found.append(shown)
    return page(call, found)
