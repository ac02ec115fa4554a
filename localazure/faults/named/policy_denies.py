"""An Azure Policy assignment denies every new disk."""

FAULTS = ({"operation": "PUT Microsoft.Compute/disks", "kind": "policy", "every": True},)
