"""Where clients ask how an operation goes: status, monitor, and the old operationresults."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from .calls import Call
from .errors import ArmError
from .operations import Operation
from .routing import route
from .wire import no_content, reply, status_body

_PLACE = "/subscriptions/{sub}/providers/{provider}/locations/{location}"


@route("GET", _PLACE + "/operations/{operation}")
@route("GET", _PLACE + "/DiskOperations/{operation}")
@route("GET", _PLACE + "/capsOperations/{operation}")
@route("GET", _PLACE + "/asyncoperations/{operation}")
async def operation_status(call: Call) -> Response:
    """The status, or with `monitor=true` the result."""
    op = _found(call)
    if call.query.get("monitor", "").lower() == "true":
        return _result(call, op)
    return reply(status_body(op), 200, _ask_again(call, op) if op.running else None)


@route("GET", _PLACE + "/operationResults/{operation}")
@route("GET", "/subscriptions/{sub}/operationresults/{operation}")
async def operation_result(call: Call) -> Response:
    """The result: 202 with the way back here while it runs."""
    return _result(call, _found(call))


def _ask_again(call: Call, op: Operation) -> dict[str, str]:
    age = call.world.clock.now() - datetime.fromisoformat(op.started)
    return call.world.time.poll_headers(age=age.total_seconds())


def _found(call: Call) -> Operation:
    op = call.world.operations.get(call.path["operation"])
    if op is None or op.subscription.lower() != call.path["sub"].lower():
        raise ArmError(  # assumed text
            404, "NotFound", f"The entity was not found: operation {call.path['operation']}."
        )
    return op


def _result(call: Call, op: Operation) -> Response:
    if op.running:
        here = f"{call.base}{call.url_path}?" + "&".join(f"{k}={v}" for k, v in call.query.items())
        return reply(None, 202, {"Location": here} | _ask_again(call, op))
    if op.error is not None:
        return reply({"error": op.error}, op.error_status)
    if op.output is not None:
        return reply(op.output)
    return no_content() if op.provider.lower() == "microsoft.network" else reply(None, 200)
