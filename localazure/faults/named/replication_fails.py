"""The version is good at home and cannot be copied to one of its other regions.

Users tell of good builds that were thrown away for it.
"""

FAULTS = (
    {
        "operation": "P* Microsoft.Compute/galleries/images/versions",
        "kind": "replication-failed",
        "every": True,
    },
)
