"""The gallery version is accepted and its operation never ends: users tell of builds that wait for hours."""

FAULTS = (
    {"operation": "PUT Microsoft.Compute/galleries/images/versions", "kind": "lro-never-ends", "every": True},
)
