"""The build machine dies in the middle of its deprovisioning: half of it is gone, half of it is not.

A guest in that state must never be captured, nor be entered again.
"""

FAULTS = (
    {
        "operation": "GUEST start",
        "kind": "guest-dies",
        "data": {"path_gone": "/var/lib/waagent/provisioned"},
    },
)
