"""The background copy of every snapshot fails at 42 percent, although its creation has succeeded."""

FAULTS = ({"operation": "PUT Microsoft.Compute/snapshots", "kind": "snapshot-copy-error", "every": True},)
