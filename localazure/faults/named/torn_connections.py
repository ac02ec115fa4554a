"""Every tenth answer, by chance, is lost: the service has acted, the connection is reset."""

FAULTS = ({"operation": "*", "kind": "reset-after", "share": 0.1, "seed": 7},)
