"""The VM size is closed to this subscription, here or in this zone: 409 `SkuNotAvailable` at once.

The list of sizes still shows it: capacity restrictions come and go between a look and a request (text
documented, its tail assumed). Set it on `PUT Microsoft.Compute/virtualMachines`.
"""

from __future__ import annotations

from localazure.arm.calls import Call
from localazure.compute.errors import sku_not_available as refusal
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def sku_not_available(fault: Fault, call: Call) -> None:
    """Refuse."""
    size = (call.json.get("properties") or {}).get("hardwareProfile", {}).get("vmSize", "")
    raise refusal(call.rid.text, size, str(call.json.get("location", "")))
