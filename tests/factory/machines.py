"""A VM as Azure shows it, for tests of what is decided about it."""

from typing import Any

from factory.azure.machine_models import Machine, MachineDisk
from tests.factory.recipes import MACHINE


def disk(lun: int | None, size_gb: int = 4) -> MachineDisk:
    name = "app-os" if lun is None else f"app-data-{lun}"
    return MachineDisk(
        lun=lun, name=name, id=f"/disks/{name}", size_gb=size_gb, sku="Premium_LRS", caching="None"
    )


def machine(**changes: Any) -> Machine:
    facts: dict[str, Any] = {
        "id": MACHINE,
        "name": "app-vm",
        "group": "app",
        "location": "westeurope",
        "size": "Standard_B1s",
        "os_type": "Linux",
        "os_disk": disk(None),
        "data_disks": (disk(0),),
        "provisioning_state": "Succeeded",
        "power_state": "running",
        "generation": "V2",
    }
    return Machine(**{**facts, **changes})
