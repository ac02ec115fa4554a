"""Every fifth call of the Resource Manager, by chance, is answered 429 with `Retry-After: 1`."""

FAULTS = ({"operation": "*", "kind": "throttle", "share": 0.2, "seed": 7, "retry_after": 1},)
