"""Azure itself fails: 500 `InternalServerError`, or with `data.status` another 5xx; nothing was done.

503 is `ServiceUnavailable`, 504 `GatewayTimeout` (documented as common errors of the Resource Manager; the
texts are assumed). `data.after` true: the service had done it before it failed to say so. `data.body` false:
a proxy's empty answer without any code.
"""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError
from localazure.arm.wire import failure, reply
from localazure.faults.fault import Fault
from localazure.faults.kind import after, before

_TEXTS = {
    500: (
        "InternalServerError",
        "Encountered internal server error. Diagnostic information: timestamp, "
        "activity id and tracking id were logged.",
    ),
    502: ("BadGateway", "The server was acting as a gateway and received an invalid response."),
    503: (
        "ServiceUnavailable",
        "The request could not be completed as the service is currently unavailable. Please retry later.",
    ),
    504: (
        "GatewayTimeout",
        "The gateway did not receive a response from 'Microsoft.Compute' within the specified time period.",
    ),
}


@before
def server_error(fault: Fault, call: Call) -> Response | None:
    """Fail before the service is asked."""
    return None if fault.data.get("after") else _answer(fault)


@after
def late_server_error(fault: Fault, call: Call, response: Response) -> Response:
    """Fail after the service has done it."""
    return _answer(fault) if fault.data.get("after") else response


def _answer(fault: Fault) -> Response:
    status = int(fault.data.get("status", 500))
    if fault.data.get("body") is False:
        return reply(None, status)
    code, text = _TEXTS.get(status, _TEXTS[500])
    headers = {} if fault.retry_after is None else {"Retry-After": str(int(fault.retry_after))}
    return failure(ArmError(status, code, text, headers=headers))
