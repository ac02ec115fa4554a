"""An Azure Policy assignment denies the resource: 403 `RequestDisallowedByPolicy`.

The sentence with both identifiers is documented (error-policy-requestdisallowedbypolicy); the layout of
`additionalInfo` is assumed. `data.assignment` and `data.definition` are the names shown.
"""

from __future__ import annotations

import json

from localazure.arm.calls import Call
from localazure.arm.errors import ArmError
from localazure.faults.fault import Fault
from localazure.faults.kind import before


@before
def policy(fault: Fault, call: Call) -> None:
    """Refuse."""
    place = f"/subscriptions/{call.world.config.subscription}/providers/Microsoft.Authorization"
    assignment = str(fault.data.get("assignment", "Require a cost centre"))
    definition = str(fault.data.get("definition", "Require a tag on resources"))
    assigned = f"{place}/policyAssignments/1111aa2222bb3333cc4444dd"
    defined = f"{place}/policyDefinitions/871b6d14-10aa-478d-b590-94f262ecfa99"
    identifiers = [
        {
            "policyAssignment": {"name": assignment, "id": assigned},
            "policyDefinition": {"name": definition, "id": defined},
        }
    ]
    info = {
        "policyDefinitionDisplayName": definition,
        "policyDefinitionId": defined,
        "policyDefinitionEffect": "Deny",
        "policyAssignmentDisplayName": assignment,
        "policyAssignmentId": assigned,
    }
    raise ArmError(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{call.rid.name}' was disallowed by policy. "
        f"Policy identifiers: '{json.dumps(identifiers)}'.",
        target=call.rid.name,
        extra={"additionalInfo": [{"type": "PolicyViolation", "info": info}]},
    )
