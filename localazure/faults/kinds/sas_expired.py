"""An access signature runs out in mid-transfer: 403 `AuthenticationFailed` of the storage service.

The answer is XML, with the code in `x-ms-error-code` as well (documented). What was read until then was good.
Set it on `GET blob`, `PUT blob`: what is read or written by a signature; `resource` matches the path.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def sas_expired(fault: Fault, call: Call) -> Response:
    """Refuse."""
    now = datetime.fromtimestamp(call.world.clock.epoch(), UTC)
    detail = (
        "Signature not valid in the specified time frame: "
        f"Start [] - Expiry [{_http(now - timedelta(seconds=1))}] - Current [{_http(now)}]"
    )
    message = (
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
        "correctly including the signature."
    )
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code>'
        f"<Message>{escape(message)}</Message>"
        f"<AuthenticationErrorDetail>{escape(detail)}</AuthenticationErrorDetail></Error>"
    )
    headers = {"x-ms-error-code": "AuthenticationFailed"}
    return Response(body, 403, headers, media_type="application/xml")


def _http(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"
