"""Machines made from an image never say that they are ready: what an image does that was not generalized."""

FAULTS = (
    {"operation": "PUT Microsoft.Compute/virtualMachines", "kind": "provisioning-timeout", "every": True},
)
