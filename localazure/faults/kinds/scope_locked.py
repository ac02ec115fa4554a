"""A management lock that somebody has just put there: 409 `ScopeLocked` (documented text).

A lock of one's own is set with a PUT of `Microsoft.Authorization/locks`, as on Azure, and lasts; this one is
met by the calls that the fault hits, and cannot be found by listing locks. `data.scope` is what is locked
(the resource's group unless told otherwise).
"""

from __future__ import annotations

from localazure.arm.calls import Call
from localazure.arm.gate import scope_locked as refusal
from localazure.arm.ids import ResourceId
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def scope_locked(fault: Fault, call: Call) -> None:
    """Refuse."""
    rid = call.rid
    group = ResourceId.of_group(rid.subscription, rid.group).text if rid.group else rid.text
    verb = "delete" if call.method == "DELETE" else "write"
    raise refusal(rid, verb, [str(fault.data.get("scope", group))])
