"""There is no free hardware for the next VM that is made: its creation is accepted and fails late."""

FAULTS = ({"operation": "PUT Microsoft.Compute/virtualMachines", "kind": "allocation-failed", "every": True},)
