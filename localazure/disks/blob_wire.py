"""The blob service's manners: errors as XML, ranges, and the headers of a page blob."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localazure.arm.calls import Call

VERSION = "2018-03-28"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'


class BlobError(Exception):
    """A refusal of the blob service."""

    def __init__(self, status: int, code: str, message: str, detail: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.detail = status, code, message, detail

    def response(self, call: Call) -> Response:
        """As it is sent (documented form and texts)."""
        request, now = uuid.uuid4(), call.world.clock.now()
        detail = (
            self.detail and f"<AuthenticationErrorDetail>{escape(self.detail)}</AuthenticationErrorDetail>"
        )
        text = f"{self.message}\nRequestId:{request}\nTime:{now:%Y-%m-%dT%H:%M:%S.%f}0Z"
        body = f"{_HEAD}<Error><Code>{self.code}</Code><Message>{escape(text)}</Message>{detail}</Error>"
        headers = {"x-ms-error-code": self.code, "x-ms-version": VERSION}
        return Response(body, self.status, headers, media_type="application/xml")


def refused(detail: str) -> BlobError:
    """403: a signature that is not, or no longer, good."""
    return BlobError(
        403,
        "AuthenticationFailed",
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the signature.",
        detail,
    )


def not_permitted() -> BlobError:
    """403: the signature is good, and not for this."""
    return BlobError(
        403,
        "AuthorizationPermissionMismatch",
        "This request is not authorized to perform this operation using this permission.",
    )


def unsupported(verb: str) -> BlobError:
    """A managed disk's blob can be read and, for an upload, written in pages; nothing else."""
    return BlobError(
        405, "UnsupportedHttpVerb", f"The resource doesn't support specified Http Verb. ({verb})"
    )


def asked_range(headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """First and last byte that a request asks for; None for all."""
    text = headers.get("x-ms-range") or headers.get("range")
    if not text:
        return None
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        return None
    first = int(match[1])
    last = min(int(match[2]) if match[2] else size - 1, size - 1)
    if first >= size or last < first:
        raise BlobError(
            416, "InvalidRange", "The range specified is invalid for the current size of the resource."
        )
    return first, last


def page_range(headers: Mapping[str, str], size: int) -> tuple[int, int]:
    """First byte and the one after the last of a write, which is in whole pages."""
    asked = asked_range(headers, size)
    if asked is None:
        raise BlobError(
            400, "MissingRequiredHeader", "An HTTP header that's mandatory for this request is not specified."
        )
    first, end = asked[0], asked[1] + 1
    if first % 512 or end % 512:
        raise BlobError(416, "InvalidPageRange", "The page range specified is invalid.")
    return first, end


def page_list(ranges: list[tuple[int, int]]) -> str:
    """The body of Get Page Ranges."""
    pages = "".join(
        f"<PageRange><Start>{first}</Start><End>{last}</End></PageRange>" for first, last in ranges
    )
    return f"{_HEAD}<PageList>{pages}</PageList>"


def properties(etag: str, changed: datetime, size: int) -> dict[str, str]:
    """The headers of a page blob."""
    return {
        "ETag": etag,
        "Last-Modified": f"{changed:%a, %d %b %Y %H:%M:%S} GMT",
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "x-ms-blob-type": "PageBlob",
        "x-ms-blob-content-length": str(size),
        "x-ms-blob-sequence-number": "0",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
        "x-ms-version": VERSION,
    }
