"""The disks of a machine, from plan to content.

`reserve` writes a plan down, synchronously, so that no two machines can be promised the same disk; `fill`
then makes contents, and may be run twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.compute.disk_plans import PlannedDisk
from localazure.disks.jobs import new_content
from localazure.disks.models import DISKS, TIERS, finish_disk, now
from localazure.disks.sources import Source

if TYPE_CHECKING:
    from localazure.arm.ids import ResourceId
    from localazure.arm.store import Document
    from localazure.arm.world import World


def reserve(
    world: World, vm: ResourceId, location: str, disks: list[PlannedDisk], zones: list[str] | None
) -> None:
    """Write the plan down: every disk belongs to the machine from now on."""
    for disk in disks:
        doc = world.store.get(disk.id)
        if doc is None:
            doc = {
                "name": disk.name,
                "id": disk.id,
                "type": DISKS,
                "location": location,
                "sku": {"name": disk.sku, "tier": TIERS[disk.sku]},
                "properties": {
                    "creationData": disk.creation,
                    "diskSizeGB": disk.size_gb,
                    "provisioningState": "Updating",
                },
            }
            if zones:
                doc["zones"] = zones
        doc["managedBy"] = vm.text
        world.store.put(doc)


async def fill(world: World, disks: list[PlannedDisk]) -> None:
    """Give every new disk its content."""
    for disk in disks:
        doc = world.store.get(disk.id)
        if disk.attach or doc is None or "_content" in doc:
            continue
        source = Source(**disk.source) if disk.source else None
        content = await new_content(world, source, disk.size_gb)
        facts = source.inherited() if source else {}
        world.store.put(finish_disk(doc, size_gb=disk.size_gb, content=content, now=now(world), **facts))


def release(world: World, vm: ResourceId, disk_id: str) -> Document | None:
    """Take a disk from a machine; the disk as it is then."""
    doc = world.store.get(disk_id)
    if doc is not None and str(doc.get("managedBy", "")).lower() == vm.key:
        del doc["managedBy"]
        world.store.put(doc)
    return doc


def documents(world: World, vm: Document) -> list[Document]:
    """The machine's disks, the OS disk first."""
    profile = vm["properties"]["storageProfile"]
    found = (world.store.get(one["managedDisk"]["id"]) for one in (profile["osDisk"], *profile["dataDisks"]))
    return [disk for disk in found if disk is not None]


def current(world: World, vm: Document) -> dict[str, Any]:
    """The machine's storage profile with the sizes that its disks have now: they may have grown."""
    profile: dict[str, Any] = vm["properties"]["storageProfile"]
    for one in (profile["osDisk"], *profile["dataDisks"]):
        disk = world.store.get(one["managedDisk"]["id"])
        if disk is not None:
            one["diskSizeGB"] = disk["properties"]["diskSizeGB"]
    return profile


def shown(disk: PlannedDisk) -> dict[str, Any]:
    """A disk in the machine's storage profile."""
    body: dict[str, Any] = {} if disk.lun is None else {"lun": disk.lun}
    body |= {
        "name": disk.name,
        "createOption": disk.create_option,
        "caching": disk.caching,
        "managedDisk": {"storageAccountType": disk.sku, "id": disk.id},
        "deleteOption": disk.delete_option,
        "diskSizeGB": disk.size_gb,
    }
    return body if disk.lun is None else body | {"toBeDetached": False}
