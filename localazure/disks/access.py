"""Shared access signatures for the content of disks and snapshots, and what their holders may do with them.

The URL has the shape of a disk's export URL. Behind it is a page blob: the disk's bytes as a fixed VHD, read
in ranges; a disk that is being uploaded is written in pages.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from localazure.arm.routing import route
from localazure.disks import blob_wire
from localazure.disks.blob_wire import BlobError
from localazure.disks.transfers import Blob, Transfers, made_at

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document
    from localazure.arm.world import World

_PATH = "/md-impexp/{blob}/abcd"
_CHUNK = 1 << 20
_LARGEST_WRITE = 4 << 20


def grant(world: World, level: str, seconds: int) -> dict[str, Any]:
    """A new signature over a document, as it is kept."""
    return {
        "level": level,
        "until": world.clock.epoch() + seconds,
        "blob": secrets.token_hex(6),
        "signature": secrets.token_urlsafe(32),
    }


def url(doc: Document, base: str) -> str:
    """Where the holder of the signature reads."""
    access = doc["_access"]
    query = f"sv={blob_wire.VERSION}&sr=b&si={doc['properties'].get('uniqueId', doc['name'])}"
    return f"{place(doc, base)}?{query}&sig={access['signature']}"


def place(doc: Document, base: str) -> str:
    """The same without the signature."""
    return f"{base}{_PATH.format(blob=doc['_access']['blob'])}"


@route("HEAD", _PATH, public=True, bare=True)
@route("GET", _PATH, public=True, bare=True)
@route("PUT", _PATH, public=True, bare=True)
async def serve(call: Call) -> Response:
    """Whatever the holder of a signature does."""
    try:
        doc = _lent(call)
        match call.method, call.query.get("comp"):
            case "HEAD", None:
                return _head(call, doc)
            case "GET", None:
                return await _read(call, doc)
            case "GET", "pagelist":
                return await _page_list(call, doc)
            case "PUT", "page":
                return await _write(call, doc)
        raise blob_wire.unsupported(call.method)
    except BlobError as error:
        return error.response(call)


def _lent(call: Call) -> Document:
    """The document whose signature the request bears."""
    given = call.query.get("sig", "").encode()
    for doc in call.world.part(Transfers).lent():
        access = doc["_access"]
        if access["blob"] != call.path["blob"]:
            continue
        if not secrets.compare_digest(given, access["signature"].encode()):
            break
        if access["until"] <= call.world.clock.epoch():
            moment, now = datetime.fromtimestamp(access["until"], UTC), call.world.clock.now()
            raise blob_wire.refused(
                f"Signature not valid in the specified time frame: Start [] - Expiry [{_http(moment)}] - "
                f"Current [{_http(now)}]"
            )
        return doc
    raise blob_wire.refused("Signature did not match. No access to this disk is granted.")


def _http(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"


def _properties(call: Call, doc: Document) -> dict[str, str]:
    transfers = call.world.part(Transfers)
    made, mark = made_at(doc), doc["_access"]["blob"]
    if "_upload" in doc:
        written = transfers.upload_file(doc).stat().st_mtime_ns
        mark, made = f"{written:X}", datetime.fromtimestamp(written / 1e9, UTC)
    return blob_wire.properties(f'"0x8D{mark.upper()}"', made, transfers.size(doc))


def _head(call: Call, doc: Document) -> Response:
    headers = _properties(call, doc) | {"Content-Length": str(call.world.part(Transfers).size(doc))}
    return Response(status_code=200, headers=headers)


async def _read(call: Call, doc: Document) -> Response:
    headers, size = _properties(call, doc), call.world.part(Transfers).size(doc)
    asked = blob_wire.asked_range(call.headers, size)
    first, last = asked or (0, size - 1)
    blob = await call.world.part(Transfers).blob(doc)
    headers["Content-Length"] = str(last - first + 1)
    if asked is not None:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if call.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
        headers["Content-MD5"] = await _md5(blob, first, last)
    return StreamingResponse(_bytes(blob, first, last + 1), 206 if asked else 200, headers)


async def _md5(blob: Blob, first: int, last: int) -> str:
    if last - first >= _LARGEST_WRITE:
        raise BlobError(400, "InvalidHeaderValue", "The range for a transactional MD5 is at most 4 MiB.")
    found = await asyncio.to_thread(blob.read, first, last - first + 1)
    return base64.b64encode(hashlib.md5(found, usedforsecurity=False).digest()).decode()


async def _bytes(blob: Blob, first: int, end: int) -> AsyncIterator[bytes]:
    for offset in range(first, end, _CHUNK):
        yield await asyncio.to_thread(blob.read, offset, min(_CHUNK, end - offset))


async def _page_list(call: Call, doc: Document) -> Response:
    blob = await call.world.part(Transfers).blob(doc)
    first, last = blob_wire.asked_range(call.headers, blob.size) or (0, blob.size - 1)
    ranges = [(max(a, first), min(b, last)) for a, b in blob.ranges() if b >= first and a <= last]
    headers = _properties(call, doc) | {"Content-Type": "application/xml"}
    return Response(blob_wire.page_list(ranges), 200, headers)


async def _write(call: Call, doc: Document) -> Response:
    """Write or clear pages of a disk that is being uploaded."""
    if doc["_access"]["level"] != "Write" or "_upload" not in doc:
        raise blob_wire.not_permitted()
    blob = await call.world.part(Transfers).blob(doc)
    first, end = blob_wire.page_range(call.headers, blob.size)
    clear = call.headers.get("x-ms-page-write", "").lower() == "clear"
    if not clear and len(call.body) != end - first:
        raise BlobError(
            400, "InvalidHeaderValue", "The value for one of the HTTP headers isn't in the correct format."
        )
    if end - first > _LARGEST_WRITE and not clear:
        raise BlobError(
            413, "RequestBodyTooLarge", "The size of the request body exceeds the maximum size permitted."
        )
    if clear:
        await asyncio.to_thread(blob.clear, first, end)
    else:
        await asyncio.to_thread(blob.write, first, call.body)
    return Response(status_code=201, headers=_properties(call, doc))
