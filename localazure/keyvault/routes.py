"""Vaults by the resource manager: created and deleted at once, and deleted only softly."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter
from localazure.arm.envelope import new_document, read_resource, read_tags
from localazure.arm.errors import not_found
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import no_content, ok, page, reply
from localazure.arm.world import World
from localazure.keyvault import errors, vaults
from localazure.keyvault.vaults import DELETED, VAULTS

_SUB = "/subscriptions/{sub}/providers/Microsoft.KeyVault"
_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.KeyVault/vaults"
_VAULT = _GROUP + "/{name}"
_DELETED = _SUB + "/locations/{location}/deletedVaults/{name}"


def _existing(call: Call) -> Document:
    doc = call.world.store.get(call.rid)
    if doc is None:
        raise not_found(call.rid)
    return doc


@route("PUT", _VAULT)
async def put(call: Call) -> Response:
    """Create a vault, or change one."""
    name, world = call.path["name"], call.world
    if vaults.NAME.fullmatch(name) is None:
        raise errors.vault_name(name)
    existing, body = world.store.get(call.rid), read_resource(call)
    if existing is None and vaults.find(world, name) is not None:
        raise errors.vault_taken(name)
    if existing is None and vaults.find(world, name, DELETED) is not None:
        raise errors.vault_deleted()
    doc = new_document(call, body)
    doc["properties"] = _properties(world, name, body["properties"], existing)
    if existing is not None:
        doc["_items"] = existing.get("_items", {})
    world.store.put(doc)
    return ok(doc)


def _properties(world: World, name: str, given: dict[str, Any], existing: Document | None) -> dict[str, Any]:
    sku = given.get("sku")
    if (
        not isinstance(sku, dict)
        or sku.get("family") != "A"
        or sku.get("name") not in ("standard", "premium")
    ):
        raise errors.bad_request("The parameter sku must be of family A, and standard or premium.")
    if given.get("tenantId") is None:
        raise errors.bad_request("The parameter tenantId is not specified.")
    if given["tenantId"] != world.config.tenant:
        raise errors.bad_request(f"The tenant {given['tenantId']} is not the subscription's.")
    if not isinstance(given.get("accessPolicies", []), list):
        raise errors.bad_request("The parameter accessPolicies must be a list.")
    if given.get("accessPolicies") is None and not given.get("enableRbacAuthorization"):
        raise errors.bad_request("The parameter accessPolicies is not specified.")
    had = existing["properties"] if existing else {}
    if had.get("enablePurgeProtection") and given.get("enablePurgeProtection") is False:
        raise errors.purge_protection()
    kept = {"enablePurgeProtection": True} if had.get("enablePurgeProtection") else {}
    made = {"enableSoftDelete": True, "softDeleteRetentionInDays": 90, "accessPolicies": []}
    fixed = {"vaultUri": f"{vaults.address(world, name)}/", "provisioningState": "Succeeded"}
    return made | {key: value for key, value in given.items() if value is not None} | kept | fixed


@route("GET", _VAULT)
async def get(call: Call) -> Response:
    """One vault."""
    return ok(_existing(call))


@route("PATCH", _VAULT)
async def patch(call: Call) -> Response:
    """Change tags or settings."""
    doc, given = _existing(call), call.json
    properties = given.get("properties") or {}
    if not isinstance(properties, dict):
        raise errors.bad_request("The parameter properties must be an object.")
    doc["properties"] = _properties(call.world, doc["name"], doc["properties"] | properties, doc)
    if given.get("tags") is not None:
        doc["tags"] = read_tags(given["tags"])
    call.world.store.put(doc)
    return ok(doc)


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All vaults of a resource group."""
    return page(call, call.world.store.list(VAULTS, subscription=call.path["sub"], group=call.path["rg"]))


@route("GET", _SUB + "/vaults")
async def list_subscription(call: Call) -> Response:
    """All vaults of a subscription."""
    return page(call, call.world.store.list(VAULTS, subscription=call.path["sub"]))


@route("DELETE", _VAULT)
async def delete(call: Call) -> Response:
    """Delete a vault; its name and contents are kept until it is purged."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    await _soften(call.world, doc)
    return reply(None, 200)


@deleter(VAULTS)
async def _soften(world: World, doc: Document) -> None:
    place = (
        f"/subscriptions/{world.config.subscription}/providers/Microsoft.KeyVault/locations/{doc['location']}"
    )
    kept = {key: doc["properties"].get(key) for key in ("enablePurgeProtection", "vaultUri")}
    world.store.delete(doc["id"])
    world.store.put(
        {
            "id": f"{place}/deletedVaults/{doc['name']}",
            "name": doc["name"],
            "type": DELETED,
            "properties": {"vaultId": doc["id"], "location": doc["location"], "tags": doc.get("tags", {})},
            "_kept": kept,
            "_items": doc.get("_items", {}),
        }
    )


def _deleted(call: Call) -> Document:
    doc = vaults.find(call.world, call.path["name"], DELETED)
    if doc is None:
        raise not_found(call.rid)
    return doc


@route("GET", _DELETED)
async def get_deleted(call: Call) -> Response:
    """A vault that was deleted."""
    return ok(_deleted(call))


@route("GET", _SUB + "/deletedVaults")
async def list_deleted(call: Call) -> Response:
    """All vaults that were deleted."""
    return page(call, call.world.store.list(DELETED))


@route("POST", _DELETED + "/purge")
async def purge(call: Call) -> Response:
    """Delete a vault for good; refused where it is protected."""
    doc = _deleted(call)
    if doc["_kept"].get("enablePurgeProtection"):
        raise errors.purge_forbidden(doc["name"])
    call.world.store.delete(doc["id"])
    return reply(None, 200)
