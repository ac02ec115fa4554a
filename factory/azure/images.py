"""Managed images: one region, one copy, no Trusted Launch; the older of the two ways to keep an image."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove
from factory.azure.ids import ArmId
from factory.azure.machines import get_machine
from factory.azure.wire import Json, dig, plain


@dataclass(frozen=True)
class Image:
    """A managed image; `luns` are those of its data disks."""

    id: str
    name: str
    location: str
    provisioning_state: str | None
    os_state: str | None
    generation: str | None
    luns: tuple[int, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


async def create_image_from_machine(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    machine_id: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    zone_resilient: bool = False,
) -> Image:
    """Make an image of a generalized VM with all its data disks.

    The generation is read from the VM: Azure takes V1 where nothing is said, and a V2 guest would not boot.
    Raises `OperationNotAllowed` (not generalized; Trusted Launch), `NotFound`, `OperationTimedOut`.
    """
    machine = await get_machine(azure, machine_id)
    properties: dict[str, object] = {
        "sourceVirtualMachine": {"id": machine_id},
        "storageProfile": {"zoneResilient": zone_resilient},
    }
    if machine.generation:
        properties["hyperVGeneration"] = machine.generation
    body = models.Image({"location": location, "tags": dict(tags), "properties": properties})
    what = f"create image {name}"

    async def look() -> Existing[Image] | None:
        image = await get_image(azure, group, name)
        return Existing(image, image.provisioning_state, image.tags) if image else None

    async def make(left: timedelta) -> Image:
        operation = await azure.begin(what, azure.compute.images.begin_create_or_update, group, name, body)
        return _read(plain(await azure.wait(operation, deadline=left)))

    async def away(left: timedelta) -> None:
        delete = azure.compute.images.begin_delete
        await remove(azure, what, lambda: azure.begin(what, delete, group, name), deadline=left)

    return await ensure(azure, what, look=look, make=make, remove=away, tags=tags, deadline=deadline)


async def get_image(azure: Azure, group: str, name: str) -> Image | None:
    """Read an image; `None` where there is none."""
    found = await azure.find(f"read image {name}", azure.compute.images.get, group, name)
    return _read(plain(found)) if found else None


async def set_tags(
    azure: Azure, image_id: str, tags: Mapping[str, str], *, deadline: timedelta = timedelta(minutes=5)
) -> Image:
    """Give the image exactly these tags. Raises `NotFound`, `ScopeLocked` (read-only lock)."""
    rid = ArmId.parse(image_id)
    operation = await azure.begin(
        f"tag image {rid.name}",
        azure.compute.images.begin_update,
        rid.group,
        rid.name,
        models.ImageUpdate({"tags": dict(tags)}),
    )
    return _read(plain(await azure.wait(operation, deadline=deadline)))


async def delete_image(azure: Azure, image_id: str, *, deadline: timedelta | None) -> None:
    """Delete an image; one that is not there is fine. Raises `ScopeLocked`, `OperationTimedOut`."""
    rid = ArmId.parse(image_id)
    what, delete = f"delete image {rid.name}", azure.compute.images.begin_delete
    await remove(azure, what, lambda: azure.begin(what, delete, rid.group, rid.name), deadline=deadline)


def _read(body: Json) -> Image:
    properties = body.get("properties") or {}
    return Image(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        provisioning_state=properties.get("provisioningState"),
        os_state=dig(properties, "storageProfile", "osDisk", "osState"),
        generation=properties.get("hyperVGeneration"),
        luns=tuple(disk["lun"] for disk in dig(properties, "storageProfile", "dataDisks") or ()),
        tags=dict(body.get("tags") or {}),
    )
