"""The build machine's disk is full when its deprovisioning has begun: half of it can no longer be written."""

FAULTS = (
    {
        "operation": "GUEST start",
        "kind": "disk-full",
        "data": {"path_gone": "/var/lib/waagent/provisioned"},
    },
)
