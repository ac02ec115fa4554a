"""`/_local/coverage`: which operations of Azure this server has."""

from __future__ import annotations

from starlette.responses import Response

from localazure.admin import coverage
from localazure.arm.calls import Call
from localazure.arm.routing import Router, route
from localazure.arm.wire import reply


@route("GET", "/_local/coverage", public=True)
async def local_coverage(call: Call) -> Response:
    """Every operation: how it is answered, whether it was recorded, who proved it, what is assumed of it."""
    rows = coverage.rows(Router())
    return reply({"summary": coverage.summary(rows), "operations": rows})
