"""The access token runs out in the middle of the run, earlier than it said: at the fiftieth call."""

FAULTS = ({"operation": "*", "kind": "token-expired", "occurrence": 50},)
