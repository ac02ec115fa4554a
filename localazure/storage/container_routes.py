"""Blob services and containers through the resource manager; the blob service itself keeps them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError, invalid_content
from localazure.arm.routing import route
from localazure.arm.wire import no_content, ok, page, reply
from localazure.storage import blobs, errors
from localazure.storage.routes import existing

_ACCOUNT = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Storage/storageAccounts/{name}"
_SERVICE = _ACCOUNT + "/blobServices/default"
_CONTAINER = _SERVICE + "/containers/{container}"
_NAME = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root|\$logs|\$web")


def _service(call: Call) -> dict[str, Any]:
    doc = existing(call)
    return {
        "sku": doc["sku"],
        "id": f"{doc['id']}/blobServices/default",
        "name": "default",
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "properties": {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": False}},
    }


@route("GET", _SERVICE)
async def get_service(call: Call) -> Response:
    """The one blob service of an account."""
    return ok(_service(call))


@route("GET", _ACCOUNT + "/blobServices")
async def list_services(call: Call) -> Response:
    """The one blob service of an account, as a list."""
    return page(call, [_service(call)])


def _container(call: Call, name: str, **properties: Any) -> dict[str, Any]:
    service = _service(call)
    shown = {
        "id": f"{service['id']}/containers/{name}",
        "name": name,
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
    }
    return shown | ({"properties": properties} if properties else {})


async def _ask(call: Call, method: str, query: str = "restype=container") -> blobs.Answer:
    name = call.path["container"]
    if _NAME.fullmatch(name) is None:
        raise errors.container_name(name)
    client = await blobs.client_of(call.world, existing(call))
    return await asyncio.to_thread(client.ask, method, name, query)


@route("PUT", _CONTAINER)
async def put(call: Call) -> Response:
    """Create a container; one that is there stays as it is."""
    properties = call.json.get("properties") or {} if call.body.strip() else {}
    if not isinstance(properties, dict):
        raise invalid_content("Error converting value to type 'JObject'. Path 'properties'")
    if properties.get("publicAccess") not in (None, "None"):
        raise ArmError(  # documented code and text
            409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account."
        )
    answer = await _ask(call, "PUT")
    if answer.status not in (201, 409):
        raise ArmError(answer.status, "InvalidRequest", answer.body.decode(errors="replace"))
    state = {"deleted": False, "remainingRetentionDays": 0, "publicAccess": "None"}
    return reply(_container(call, call.path["container"], **state), 201 if answer.status == 201 else 200)


@route("GET", _CONTAINER)
async def get(call: Call) -> Response:
    """One container."""
    answer = await _ask(call, "GET")
    if answer.status == 404:
        raise errors.container_not_found()
    return ok(
        _container(
            call,
            call.path["container"],
            publicAccess="None",
            leaseStatus="Unlocked",
            leaseState="Available",
            etag=answer.headers.get("etag", ""),
            hasImmutabilityPolicy=False,
            hasLegalHold=False,
        )
    )


@route("DELETE", _CONTAINER)
async def delete(call: Call) -> Response:
    """Delete a container with its blobs."""
    answer = await _ask(call, "DELETE")
    return no_content() if answer.status == 404 else reply(None, 200)


@route("GET", _SERVICE + "/containers")
async def list_containers(call: Call) -> Response:
    """All containers of an account."""
    client = await blobs.client_of(call.world, existing(call))
    names = await asyncio.to_thread(client.containers)
    return page(call, [_container(call, name, publicAccess="None") for name in names])
