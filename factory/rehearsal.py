"""A small world to rehearse on: what a user has before the factory comes.

A network with a build subnet, an application VM with a data disk that holds content, a gallery with an
image definition. Made through the same Resource Manager as everything else, so it can be made in any
subscription; the demo makes it in a local Azure.
"""

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from azure.mgmt.resource.resources import models

from factory.azure import groups, machines, marketplace, run_commands
from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.network import get_subnet
from factory.errors import AzureFault, NotFound
from factory.remote.keys import make_key_pair

APP_GROUP = "rehearsal-app"
IMAGE_GROUP = "rehearsal-images"
ADMIN = "azureuser"
DEADLINE = timedelta(minutes=15)
CONTENT = "/srv/data/content.bin"

_FURNISH = """\
set -eu
disk=/dev/disk/azure/scsi1/lun0
mkfs.ext4 -q -L appdata "$disk"
mkdir -p /srv/data
cat > /etc/systemd/system/srv-data.service <<'UNIT'
[Unit]
Description=Mount the data disk at /srv/data
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount /dev/disk/azure/scsi1/lun0 /srv/data
ExecStop=/bin/umount /srv/data
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --now srv-data.service
head -c 4194304 /dev/urandom > /srv/data/content.bin
printf 'a release of the application\\n' > /etc/app-release
sync
sha256sum /srv/data/content.bin
"""


@dataclass(frozen=True)
class Kind:
    """What a world is made of: its application VM, the image that it comes from, what is put on it."""

    machine: str
    os_type: str
    definition: str
    publishers: tuple[str, ...]
    size: str
    furnish: str
    login: Callable[[], dict[str, Any]]
    """The part of the VM's `osProfile` with which its administrator logs in."""


def _key() -> dict[str, Any]:
    key = make_key_pair(f"rehearsal-{secrets.token_hex(2)}").public
    keys = {"publicKeys": [{"path": f"/home/{ADMIN}/.ssh/authorized_keys", "keyData": key}]}
    return {"linuxConfiguration": {"disablePasswordAuthentication": True, "ssh": keys}}


DEBIAN = Kind(
    machine="app-vm",
    os_type="Linux",
    definition="app-debian",
    publishers=("Debian", "Canonical"),
    size="Standard_B1s",
    furnish=_FURNISH,
    login=_key,
)


@dataclass(frozen=True)
class World:
    """What was made, by resource ID."""

    machine_id: str
    subnet_id: str
    definition_id: str


async def make_world(
    azure: Azure,
    *,
    kind: Kind = DEBIAN,
    location: str = "westeurope",
    network: str = "127.16",
    progress: Callable[[str], None] = lambda _text: None,
) -> World:
    """Make the world, or find it made, from the first image of the marketplace that fits.

    `network` are the first two numbers of its addresses; a network that is there already keeps its own. In a
    local Azure they are loopback addresses, so that a machine's private address is simply reachable.
    """
    for group in (APP_GROUP, IMAGE_GROUP):
        await groups.create_group(azure, group, location=location, tags={"purpose": "rehearsal"})
    network_id = _id(azure, APP_GROUP, "Microsoft.Network/virtualNetworks/app-net")
    progress("network, gallery, image definition")
    await _network(azure, network_id, location, network)
    image = await marketplace.resolve_version(azure, location, await find_image(azure, location, kind))
    definition_id = await _gallery(azure, location, kind, image.generation or "V2")
    progress("an application VM with a data disk")
    machine_id = await _machine(azure, location, kind, str(image.urn), f"{network_id}/subnets/app")
    return World(machine_id, f"{network_id}/subnets/build", definition_id)


async def _network(azure: Azure, network_id: str, location: str, network: str) -> None:
    with contextlib.suppress(NotFound):
        await get_subnet(azure, f"{network_id}/subnets/build")
        return
    subnets = [
        {"name": name, "properties": {"addressPrefix": prefix}}
        for name, prefix in (("app", f"{network}.0.0/24"), ("build", f"{network}.1.0/24"))
    ]
    space = {"addressPrefixes": [f"{network}.0.0/16"]}
    await _put(azure, network_id, location, {"addressSpace": space, "subnets": subnets})


async def find_image(azure: Azure, location: str, kind: Kind = DEBIAN) -> marketplace.Urn:
    """The first marketplace image that a world of this kind can be made of. Raises NotFound."""
    for publisher in kind.publishers:
        for urn in await marketplace.list_images(azure, location, publisher):
            return urn
    publishers = ", ".join(kind.publishers)
    raise NotFound("find an image to rehearse with", AzureFault(text=f"no image of {publishers}"))


async def _gallery(azure: Azure, location: str, kind: Kind, generation: str) -> str:
    gallery = _id(azure, IMAGE_GROUP, "Microsoft.Compute/galleries/rehearsal_gallery")
    await _put(azure, gallery, location, {})
    definition = f"{gallery}/images/{kind.definition}"
    identifier = {"publisher": "Rehearsal", "offer": "App", "sku": kind.definition}
    properties = {
        "osType": kind.os_type,
        "osState": "Generalized",
        "hyperVGeneration": generation,
        "identifier": identifier,
    }
    await _put(azure, definition, location, properties)
    return definition


async def _machine(azure: Azure, location: str, kind: Kind, image: str, subnet: str) -> str:
    machine_id = _id(azure, APP_GROUP, f"Microsoft.Compute/virtualMachines/{kind.machine}")
    with contextlib.suppress(NotFound):
        return (await machines.get_machine(azure, machine_id)).id
    interface = _id(azure, APP_GROUP, f"Microsoft.Network/networkInterfaces/{kind.machine}-nic")
    address = {"subnet": {"id": subnet}, "privateIPAllocationMethod": "Dynamic"}
    await _put(azure, interface, location, {"ipConfigurations": [{"name": "app", "properties": address}]})
    await _put(azure, machine_id, location, _machine_body(kind, image, interface))
    await machines.wait_for_agent(azure, machine_id, deadline=DEADLINE)
    result = await run_commands.run_command(
        azure, machine_id, name="furnish", script=kind.furnish, deadline=DEADLINE, tags={}
    )
    result.checked()
    return machine_id


def _machine_body(kind: Kind, image: str, interface: str) -> dict[str, Any]:
    publisher, offer, sku, version = image.split(":")
    return {
        "hardwareProfile": {"vmSize": kind.size},
        "storageProfile": {
            "imageReference": {"publisher": publisher, "offer": offer, "sku": sku, "version": version},
            "osDisk": {"name": f"{kind.machine}-os", "createOption": "FromImage", "caching": "ReadWrite"},
            "dataDisks": [
                {"lun": 0, "name": f"{kind.machine}-data", "createOption": "Empty", "diskSizeGB": 1}
            ],
        },
        "osProfile": {
            "computerName": kind.machine,
            "adminUsername": ADMIN,
            **kind.login(),
        },
        "networkProfile": {"networkInterfaces": [{"id": interface, "properties": {"primary": True}}]},
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
    }


async def _put(azure: Azure, resource_id: str, location: str, properties: dict[str, Any]) -> None:
    rid = ArmId.parse(resource_id)
    operation = await azure.begin(
        f"create {rid.type} {rid.name}",
        azure.resources.resources.begin_create_or_update_by_id,
        resource_id,
        models.GenericResource(location=location, properties=properties),
        api_version=azure.connection.api_versions.of_type(rid.type),
    )
    await azure.wait(operation, deadline=DEADLINE)


def _id(azure: Azure, group: str, path: str) -> str:
    return f"/subscriptions/{azure.connection.subscription_id}/resourceGroups/{group}/providers/{path}"
