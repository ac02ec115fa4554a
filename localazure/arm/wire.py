"""Responses as ARM writes them: bodies without private keys, polling headers, pages.

Which headers come with which operation is as in recorded traffic; what is not recorded is marked `assumed`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from .errors import ArmError
from .operations import Operation

if TYPE_CHECKING:
    from .calls import Call
    from .world import World

PAGE_SIZE = 100


def shown(doc: Any) -> Any:
    """A document without its private (`_…`) keys, at every depth; a resource without tags shows no `tags`."""
    if isinstance(doc, Mapping):
        untagged = "id" in doc and doc.get("tags") == {}
        return {
            key: shown(value)
            for key, value in doc.items()
            if not (key.startswith("_") or (untagged and key == "tags"))
        }
    if isinstance(doc, list):
        return [shown(item) for item in doc]
    return doc


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; None means an empty body."""
    if body is None:
        return Response(status_code=status, headers=dict(headers or {}))
    return Response(
        json.dumps(shown(body)),
        status_code=status,
        headers=dict(headers or {}),
        media_type="application/json; charset=utf-8",
    )


def ok(doc: Any) -> Response:
    """200 with a resource, and its `etag` as a header where it has one."""
    etag = doc.get("etag") if isinstance(doc, Mapping) else None
    return reply(doc, 200, {"ETag": etag} if etag else None)


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def failure(error: ArmError) -> Response:
    """The response of an error."""
    headers = {"x-ms-failure-cause": "gateway"} | error.headers if error.status < 500 else error.headers
    return reply(error.body(), error.status, headers)


def accepted(
    op: Operation,
    world: World,
    *,
    body: Any = None,
    status: int = 202,
    location: bool = True,
    async_header: bool = True,
) -> Response:
    """The first answer of a long-running operation.

    202 with an empty body for actions and deletes; with `body` and `status` 200/201 for PUT and PATCH.
    Recorded: disks and snapshots carry both headers, images and galleries on PUT only the first
    (`location=False`).
    """
    headers = world.time.poll_headers()
    if async_header and op.flavour != "operationresults":
        headers["Azure-AsyncOperation"] = status_url(op)
    if location:
        headers["Location"] = monitor_url(op)
    if op.flavour == "operations":
        headers["azure-asyncnotification"] = "Enabled"
    return reply(body, status, headers)


def created(doc: Any, op: Operation, world: World) -> Response:
    """201, the new resource and only Azure-AsyncOperation: VM, image, gallery, definition, version, NIC."""
    return accepted(op, world, body=doc, status=201, location=False)


def updated(doc: Any, op: Operation, world: World) -> Response:
    """200 with the resource and only Azure-AsyncOperation: the same kinds when they existed."""
    return accepted(op, world, body=doc, status=200, location=False)


def status_url(op: Operation) -> str:
    """Where the operation's status is read."""
    return _operation_url(op, op.flavour)


def monitor_url(op: Operation) -> str:
    """Where the operation's result is read: 202 until there is one.

    Compute adds `monitor=true` (recorded); network has `operationResults` of its own and a resource group's
    deletion `operationresults` directly under the subscription (both assumed).
    """
    if op.flavour == "operationresults":
        return (
            f"{op.base}/subscriptions/{op.subscription}/operationresults/{op.id}?api-version={op.api_version}"
        )
    if op.provider.lower() == "microsoft.network":
        return _operation_url(op, "operationResults")
    return _operation_url(op, op.flavour, monitor=True)


def _operation_url(op: Operation, flavour: str, *, monitor: bool = False) -> str:
    query: dict[str, str] = {}
    if flavour in ("operations", "DiskOperations") and op.provider.lower() == "microsoft.compute":
        query["p"] = op.partition
    if monitor:
        query["monitor"] = "true"
    query["api-version"] = op.api_version
    place = (
        f"{op.base}/subscriptions/{op.subscription}/providers/{op.provider}/locations/{quote(op.location)}"
    )
    return f"{place}/{flavour}/{op.id}?{urlencode(query)}"


def status_body(op: Operation) -> dict[str, Any]:
    """An operation's status. Network shows no times and no name (assumed)."""
    if op.provider.lower() == "microsoft.network":
        return {"status": op.status} | ({"error": op.error} if op.error else {})
    body: dict[str, Any] = {"startTime": op.started}
    if op.ended is not None:
        body["endTime"] = op.ended
    body["status"] = op.status
    if op.output is not None:
        body["properties"] = {"output": op.output}
    if op.error is not None:
        body["error"] = op.error
    return body | {"name": op.id}


def page(call: Call, items: Sequence[Any], *, size: int = PAGE_SIZE) -> Response:
    """One page of a list, with `nextLink` when there is more. `$top` makes pages smaller."""
    size = min(size, _number(call.query.get("$top"), size))
    start = _skip(call.query.get("$skiptoken"))
    body: dict[str, Any] = {"value": list(items[start : start + size])}
    if start + size < len(items):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        query = {k: v for k, v in call.query.items() if k.lower() != "$skiptoken"} | {"$skiptoken": token}
        body["nextLink"] = f"{call.base}{call.url_path}?{urlencode(query)}"
    return reply(body)


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isdigit() or int(text) < 1:
        raise ArmError(400, "InvalidParameter", f"The value '{text}' of '$top' is invalid.", target="$top")
    return int(text)


def _skip(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise ArmError(400, "InvalidSkipToken", "The provided skip token is invalid.") from None
