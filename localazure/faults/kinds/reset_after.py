"""The connection is reset after the service has acted: what was asked for is done, or under way.

The client sees what it sees of `reset-before`. With `data.bytes` it gets the head and so many bytes of the
body first.
"""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.faults.endings import Reset
from localazure.faults.fault import Fault
from localazure.faults.kind import after


@after
def reset_after(fault: Fault, call: Call, response: Response) -> Response:
    """Reset."""
    return Reset(response, fault.data.get("bytes"))
