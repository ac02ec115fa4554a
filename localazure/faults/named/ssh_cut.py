"""The second SSH connection to the build machine is cut after 20,000 bytes, in the middle of its work."""

FAULTS = ({"operation": "GUEST start", "kind": "ssh-cut", "data": {"connection": 2, "bytes": 20000}},)
