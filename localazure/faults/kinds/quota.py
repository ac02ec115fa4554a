"""The subscription's quota of cores is used up: 409 `OperationNotAllowed` with the numbers (documented text).

`data` may name `kind` ("Total Regional Cores"), `limit`, `usage` and `required`. Set it on
`PUT Microsoft.Compute/virtualMachines`.
"""

from __future__ import annotations

from localazure.arm.calls import Call
from localazure.compute.errors import quota_exceeded
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def quota(fault: Fault, call: Call) -> None:
    """Refuse."""
    data, location = fault.data, str(call.json.get("location", ""))
    raise quota_exceeded(
        str(data.get("kind", "Total Regional Cores")),
        location,
        int(data.get("limit", 10)),
        int(data.get("usage", 10)),
        int(data.get("required", 2)),
    )
