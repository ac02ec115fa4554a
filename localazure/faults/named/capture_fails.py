"""The gallery version is accepted and fails: after generalize, so its machine never starts again.

The classic loss: with a production VM in place of a clone, nothing is left but the backup.
"""

FAULTS = (
    {
        "operation": "PUT Microsoft.Compute/galleries/images/versions",
        "kind": "lro-fails",
        "every": True,
        "data": {
            "code": "InternalOperationError",
            "message": "An internal execution error occurred. Please retry later.",
        },
    },
)
