"""A recipe that is right, for tests that need one."""

from typing import Any

from factory.recipe import Recipe, parse_recipe

SUB = "/subscriptions/00000000-0000-0000-0000-000000000001"
SUBNET = f"{SUB}/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/build"
MACHINE = f"{SUB}/resourceGroups/app/providers/Microsoft.Compute/virtualMachines/app-vm"
DEFINITION = f"{SUB}/resourceGroups/img/providers/Microsoft.Compute/galleries/g/images/app"


def document(**changes: Any) -> dict[str, Any]:
    """The recipe as YAML would give it, with changes at the top level."""
    return {
        "name": "app-debian",
        "location": "westeurope",
        "source": {"vm": MACHINE},
        "build": {"subnet": SUBNET, "worker_address": "10.0.0.4"},
        "target": {"definition": DEFINITION},
        **changes,
    }


def recipe(**changes: Any) -> Recipe:
    """The recipe itself."""
    return parse_recipe(document(**changes))
