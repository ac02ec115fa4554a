"""The local Azure dies at this call, after it has acted and before it answers (`data.before` true: before).

No failure of Azure's: it shows that neither this server nor its clients lose anything. Whoever started the
server starts it again, on the same state directory; machines that live apart from it live on.
"""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.faults.endings import Crash
from localazure.faults.fault import Fault
from localazure.faults.kind import after, before


@before
def crash_before(fault: Fault, call: Call) -> Response | None:
    """Die at once."""
    return Crash() if fault.data.get("before") else None


@after
def crash(fault: Fault, call: Call, response: Response) -> Response:
    """Die with the work done."""
    return response if fault.data.get("before") else Crash()
