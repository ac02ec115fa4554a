"""The build machine's disk is full from its first SSH connection on: the first change cannot be written."""

FAULTS = ({"operation": "GUEST start", "kind": "disk-full", "data": {"connection": 1, "bytes": 0}},)
