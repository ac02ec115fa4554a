"""Shared access signatures for the content of disks and snapshots.

The URL has the shape of a disk's export URL and is opaque; what lies behind it is not served yet.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from localazure.arm.errors import not_implemented
from localazure.arm.routing import route

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document
    from localazure.arm.world import World


def grant(world: World, doc: Document, level: str, seconds: int) -> dict[str, Any]:
    """A new signature over a document, as it is kept."""
    return {
        "level": level,
        "until": world.clock.epoch() + seconds,
        "signature": secrets.token_urlsafe(32),
    }


def url(world: World, doc: Document, base: str) -> str:
    """Where the holder of the signature reads."""
    access = doc["_access"]
    letters = "r" if access["level"] == "Read" else "rw"
    return (
        f"{base}/md-export/{doc['properties']['uniqueId']}/abcd?sv=2018-03-28&sr=b&si={doc['properties']['uniqueId']}"
        f"&sp={letters}&se={int(access['until'])}&sig={access['signature']}"
    )


@route("GET", "/md-export/{disk}/abcd", public=True, bare=True)
async def read_content(call: Call) -> Response:
    """Reading a disk through its signature."""
    raise not_implemented("reading the content of a disk by its access signature")
