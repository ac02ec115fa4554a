"""The connection is reset before the service has acted: the client has sent, and nothing was done.

A load balancer that is being replaced, a network that goes away. The client cannot tell it from
`reset-after`.
"""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.faults.endings import Reset
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def reset_before(fault: Fault, call: Call) -> Response:
    """Reset."""
    return Reset()
