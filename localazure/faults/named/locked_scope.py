"""Somebody has locked the group while the factory works: nothing in it, nor itself, can be deleted."""

FAULTS = ({"operation": "DELETE Microsoft.Resources/resourceGroups", "kind": "scope-locked", "every": True},)
