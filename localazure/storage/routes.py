"""Storage accounts on the wire: creation is 202 with a Location, everything else is done at once."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.deleters import deleter
from localazure.arm.envelope import read_resource
from localazure.arm.errors import ArmError, not_found
from localazure.arm.operations import Operation, job
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import accepted, no_content, ok, page, reply, shown
from localazure.arm.world import World, on_start
from localazure.storage import accounts, blobs, errors, rules
from localazure.storage.accounts import ACCOUNTS
from localazure.storage.azurite import Azurite, log
from localazure.storage.sas import account_sas

_SUB = "/subscriptions/{sub}/providers/Microsoft.Storage"
_GROUP = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Storage/storageAccounts"
_ACCOUNT = _GROUP + "/{name}"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)")


def existing(call: Call) -> Document:
    """The account of the path."""
    rid = call.rid
    while rid.type.lower() != ACCOUNTS.lower() and rid.parent is not None:
        rid = rid.parent
    doc = call.world.store.get(rid)
    if doc is None or "_keys" not in doc:
        raise not_found(rid)
    return doc


@route("PUT", _ACCOUNT)
async def put(call: Call) -> Response:
    """Create an account, or change one."""
    found = call.world.store.get(call.rid)
    if found is not None and "_keys" in found:
        doc = rules.changed(found, read_resource(call), patch=False)
        call.world.store.put(doc)
        return ok(doc)
    if call.world.operations.busy(call.rid) is not None:
        raise ArmError(
            409,
            "StorageAccountOperationInProgress",
            "An operation is currently performing on this storage account that requires exclusive access.",
        )
    doc = rules.read_new(call)
    await call.world.part(Azurite).ensure_possible()
    doc["properties"]["provisioningState"] = "ResolvingDNS"
    call.world.store.put(doc)
    op = call.world.operations.start(
        "storage.create",
        subject=call.rid,
        location=doc["location"],
        flavour="asyncoperations",
        provider="Microsoft.Storage",
    )
    return accepted(op, call.world, async_header=False)


@job("storage.create")
async def create(world: World, op: Operation) -> dict[str, Any] | None:
    """Make an account."""
    await world.time.take("storage.create")
    doc = world.store.get(op.rid)
    if doc is None:
        return None
    if "_keys" not in doc:
        world.store.put(accounts.finish(world, doc))
    accounts.publish(world)
    try:
        await world.part(Azurite).ensure()
    except ArmError:
        world.store.delete(op.rid)
        raise
    found: dict[str, Any] = shown(world.store.get(op.rid))
    return found


@on_start
async def begin(world: World) -> None:
    """Bring the blob service up again for the accounts that there are."""
    if world.store.list(ACCOUNTS):
        try:
            accounts.publish(world)
            await world.part(Azurite).ensure()
        except ArmError as error:
            log.warning("%s", error.message)


@route("PATCH", _ACCOUNT)
async def patch(call: Call) -> Response:
    """Change tags, redundancy or settings."""
    doc = rules.changed(existing(call), call.json, patch=True)
    call.world.store.put(doc)
    return ok(doc)


@route("GET", _ACCOUNT)
async def get(call: Call) -> Response:
    """One account."""
    return ok(existing(call))


@route("DELETE", _ACCOUNT)
async def delete(call: Call) -> Response:
    """Delete an account with all that is in it."""
    doc = call.world.store.get(call.rid)
    if doc is None:
        return no_content()
    await _discard(call.world, doc)
    return reply(None, 200)


async def _discard(world: World, doc: Document) -> None:
    if "_keys" in doc:
        await blobs.empty(world, doc)
    world.store.delete_tree(doc["id"])
    accounts.publish(world)


deleter(ACCOUNTS)(_discard)


@route("GET", _GROUP)
async def list_group(call: Call) -> Response:
    """All accounts of a resource group."""
    found = call.world.store.list(ACCOUNTS, subscription=call.path["sub"], group=call.path["rg"])
    return page(call, [doc for doc in found if "_keys" in doc])


@route("GET", _SUB + "/storageAccounts")
async def list_subscription(call: Call) -> Response:
    """All accounts of a subscription."""
    found = call.world.store.list(ACCOUNTS, subscription=call.path["sub"])
    return page(call, [doc for doc in found if "_keys" in doc])


@route("POST", _SUB + "/checkNameAvailability")
async def check_name(call: Call) -> Response:
    """Whether a name is free."""
    name, kind = call.json.get("name"), call.json.get("type")
    if not isinstance(name, str) or str(kind).lower() != ACCOUNTS.lower():
        raise errors.bad_value("name" if not isinstance(name, str) else "type")
    if rules.NAME.fullmatch(name) is None:
        answer = {"reason": "AccountNameInvalid", "message": errors.name_rule(name)}
    elif accounts.find(call.world, name) is not None:
        answer = {"reason": "AlreadyExists", "message": errors.already_taken(name)}
    else:
        return reply({"nameAvailable": True})
    return reply({"nameAvailable": False} | answer)


@route("POST", _ACCOUNT + "/listKeys")
async def list_keys(call: Call) -> Response:
    """Both keys."""
    return reply(accounts.shown_keys(existing(call)))


@route("POST", _ACCOUNT + "/regenerateKey")
async def regenerate_key(call: Call) -> Response:
    """Replace a key; what was signed with the old one is worth nothing from now on."""
    doc, wanted = existing(call), call.json.get("keyName")
    if wanted not in accounts.KEY_NAMES:
        raise errors.bad_value("keyName")
    doc["_keys"] = [
        accounts.new_key(call.world, key["keyName"]) if key["keyName"] == wanted else key
        for key in doc["_keys"]
    ]
    doc["properties"]["keyCreationTime"] = {key["keyName"]: key["creationTime"] for key in doc["_keys"]}
    call.world.store.put(doc)
    accounts.publish(call.world)
    return reply(accounts.shown_keys(doc))


@route("POST", _ACCOUNT + "/ListAccountSas")
async def list_account_sas(call: Call) -> Response:
    """A signature for a whole account."""
    doc, given = existing(call), call.json
    wanted = {name: given.get(name) for name in ("signedServices", "signedResourceTypes", "signedPermission")}
    for name, value in wanted.items():
        if not isinstance(value, str) or not value.isalpha():
            raise errors.bad_value(name)
    expiry, start = given.get("signedExpiry"), given.get("signedStart") or ""
    for name, moment in (("signedExpiry", expiry), ("signedStart", start or "2026-01-01T00:00Z")):
        if not isinstance(moment, str) or _MOMENT.fullmatch(moment) is None:
            raise errors.bad_value(name)
    name = given.get("keyToSign") or "key1"
    if name not in accounts.KEY_NAMES:
        raise errors.bad_value("keyToSign")
    token = account_sas(
        doc["name"],
        accounts.keys_of(doc)[accounts.KEY_NAMES.index(name)],
        expiry=str(expiry),
        start=str(start),
        services=str(wanted["signedServices"]),
        resources=str(wanted["signedResourceTypes"]),
        permissions=str(wanted["signedPermission"]),
        address=str(given.get("signedIp") or ""),
        protocol=str(given.get("signedProtocol") or "https"),
    )
    return reply({"accountSasToken": token})
