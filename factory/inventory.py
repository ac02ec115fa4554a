"""Look at a VM with everything that hangs on it: disks, interfaces, addresses, extensions."""

import asyncio
from collections.abc import Iterable

from factory.azure import disks, groups, machines
from factory.azure.client import Azure
from factory.azure.machines import Machine
from factory.azure.wire import Json, dig
from factory.errors import AzureFault, NotFound
from factory.manifest import MachineModel, read_machine_model


async def read_whole_machine(azure: Azure, machine: Machine) -> MachineModel:
    """The VM's whole model. Raises NotFound where something that it names is gone."""
    found, interfaces, extensions = await asyncio.gather(
        asyncio.gather(*(disks.get_disk(azure, disk.id) for disk in machine.disks)),
        asyncio.gather(*(_body(azure, one) for one in machine.interface_ids)),
        machines.list_extensions(azure, machine),
    )
    public = await asyncio.gather(*(_body(azure, one) for one in public_ids(interfaces)))
    return read_machine_model(
        machine,
        disks=[disk.raw for disk in found],
        interfaces=interfaces,
        public_addresses={str(body["id"]).lower(): body for body in public},
        extensions=extensions,
    )


def public_ids(interfaces: Iterable[Json]) -> list[str]:
    """The IDs of the public addresses that interfaces have, each once."""
    found = [
        dig(one, "properties", "publicIPAddress", "id")
        for body in interfaces
        for one in dig(body, "properties", "ipConfigurations") or ()
    ]
    return list(dict.fromkeys(str(one) for one in found if one))


async def _body(azure: Azure, resource_id: str) -> Json:
    body = await groups.read_resource(azure, resource_id)
    if body is None:
        raise NotFound(f"read {resource_id}", AzureFault(text="the VM names it, and it is not there"))
    return body
