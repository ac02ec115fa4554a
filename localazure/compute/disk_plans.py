"""Which disks a machine is to have, from what a client asked for: plans or refusals, never a change."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import not_implemented
from localazure.arm.ids import ResourceId
from localazure.compute import errors
from localazure.compute.ids import parent_of
from localazure.compute.image_reference import Image
from localazure.disks import sources
from localazure.disks.errors import active_access, smaller_than_source
from localazure.disks.models import DISKS, LARGEST_GB, TIERS, access_open
from localazure.disks.sources import Source

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

_CACHING = ("None", "ReadOnly", "ReadWrite")
_DELETE = ("Delete", "Detach")
MOST_LUN = 63


@dataclass(frozen=True)
class PlannedDisk:
    """A disk that a machine is to have: one that exists (`attach`), or a new one, copied from `source`."""

    id: str
    create_option: str
    caching: str
    delete_option: str
    lun: int | None = None
    attach: bool = False
    size_gb: int = 0
    sku: str = "Standard_LRS"
    creation: dict[str, Any] | None = None
    source: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The disk's name."""
        return self.id.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class _Origin:
    """What a new disk is made from: nothing (an empty one) or a source, and how its creationData says so."""

    option: str
    creation: dict[str, Any]
    source: Source | None = None


@dataclass(frozen=True)
class Planner:
    """Plans the disks of one machine; `image` is what it is made from, if from an image."""

    world: World
    vm: ResourceId
    location: str
    image: Image | None = None
    zones: tuple[str, ...] = ()

    def all(self, given: dict[str, Any]) -> list[PlannedDisk]:
        """The disks of a machine to create, the OS disk first."""
        os_disk = given.get("osDisk")
        if not isinstance(os_disk, dict):
            if self.image is None:
                raise errors.missing_parameter("storageProfile.osDisk")
            os_disk = {"createOption": "FromImage"}
        disks = [self._os(os_disk), *self.data(given.get("dataDisks") or [])]
        keys = [disk.id.lower() for disk in disks]
        if (twice := next((key for key in keys if keys.count(key) > 1), None)) is not None:
            raise errors.invalid_parameter(  # assumed text
                f"The disk {twice} is specified more than once.", target="dataDisk.managedDisk.id"
            )
        return disks

    def _os(self, given: dict[str, Any]) -> PlannedDisk:
        option, image = _create_option(given, "osDisk"), self.image
        if given.get("diffDiskSettings") is not None:
            raise not_implemented("ephemeral OS disks")
        if given.get("vhd") is not None:
            raise not_implemented("unmanaged disks")
        if option == "Attach":
            if image is not None:
                raise errors.parameter_not_allowed("imageReference")
            return self._attach(given, None)
        if option != "FromImage" or image is None:
            raise errors.invalid_parameter(
                "The value of parameter osDisk.createOption is invalid.", target="osDisk.createOption"
            )
        source = Source(
            image.os_content,
            image.os_size_gb,
            self.location,
            os_type=image.os_type,
            generation=image.generation,
        )
        named = {"name": f"{self.vm.name}_OsDisk_1_{uuid.uuid4().hex}", "caching": "ReadWrite"} | given
        return self._new(named, _Origin(option, image.creation, source), None)

    def data(self, given: list[Any]) -> list[PlannedDisk]:
        """The data disks: those asked for, and those of the image that nobody mentioned."""
        luns = [_lun(one) for one in given]
        for lun in luns:
            if luns.count(lun) > 1:
                raise errors.lun_taken(lun)
        planned = [self._one(one) for one in given]
        for disk in self.image.data if self.image else ():
            if disk.lun not in luns:
                one = {"lun": disk.lun, "createOption": "FromImage", "caching": disk.caching}
                planned.append(self._one(one))
        return sorted(planned, key=lambda disk: disk.lun or 0)

    def _one(self, given: dict[str, Any]) -> PlannedDisk:
        option, lun = _create_option(given, "dataDisk"), _lun(given)
        if option == "Attach":
            return self._attach(given, lun)
        named = {"name": f"{self.vm.name}_disk{lun + 2}_{uuid.uuid4().hex}"} | given
        return self._new(named, self._origin(given, option, lun), lun)

    def _origin(self, given: dict[str, Any], option: str, lun: int) -> _Origin:
        match option:
            case "Empty":
                return _Origin(option, {"createOption": "Empty"})
            case "FromImage":
                return self._from_image(lun)
            case "Copy" | "Restore":
                wanted = (given.get("sourceResource") or {}).get("id")
                creation = {"createOption": option, "sourceResourceId": wanted}
                look = sources.copied if option == "Copy" else sources.restored
                found = look(self.world, creation, "dataDisk.sourceResource.id")
                return _Origin(option, creation, sources.of_document(found))
        raise errors.invalid_parameter(
            "The value of parameter dataDisk.createOption is invalid.", target="dataDisk.createOption"
        )

    def _from_image(self, lun: int) -> _Origin:
        found = next((disk for disk in self.image.data if disk.lun == lun), None) if self.image else None
        if self.image is None or found is None:
            raise errors.invalid_parameter(  # assumed text
                f"The image has no data disk at LUN {lun}; createOption 'FromImage' is not valid there.",
                target="dataDisk.createOption",
            )
        creation = {
            key: {**value, "lun": lun} if isinstance(value, dict) else value
            for key, value in self.image.creation.items()
        }
        return _Origin("FromImage", creation, Source(found.content, found.size_gb, self.location))

    def _new(self, given: dict[str, Any], origin: _Origin, lun: int | None) -> PlannedDisk:
        rid = self.world.settled(parent_of(self.vm).resource("Microsoft.Compute", "disks", given["name"]))
        sku = (given.get("managedDisk") or {}).get("storageAccountType") or "Standard_LRS"
        if sku not in TIERS:
            raise errors.invalid_parameter(
                "The value of parameter managedDisk.storageAccountType is invalid.",
                target="managedDisk.storageAccountType",
            )
        if rid in self.world.store:
            raise errors.disk_exists(rid)
        return PlannedDisk(
            id=rid.text,
            create_option=origin.option,
            caching=given.get("caching") or "None",
            delete_option=given.get("deleteOption") or "Detach",
            lun=lun,
            size_gb=_size(given, origin.source),
            sku=sku,
            creation=origin.creation,
            source=None if origin.source is None else asdict(origin.source),
        )

    def _attach(self, given: dict[str, Any], lun: int | None) -> PlannedDisk:
        text = (given.get("managedDisk") or {}).get("id")
        if not text:
            raise errors.missing_parameter("managedDisk.id")
        return attached(
            self.attachable(text),
            lun=lun,
            caching=given.get("caching") or ("ReadWrite" if lun is None else "None"),
            delete_option=given.get("deleteOption") or "Detach",
        )

    def attachable(self, text: Any) -> Document:
        """The disk with this id, if the machine may have it."""
        try:
            rid = ResourceId.parse(str(text))
        except ValueError:
            raise errors.invalid_parameter(
                f"Id {text} is not a valid resource reference.", target="managedDisk.id"
            ) from None
        doc = self.world.store.get(rid)
        if (
            doc is None
            or rid.type.lower() != DISKS.lower()
            or "_content" not in doc
            or doc["location"] != self.location
        ):
            raise errors.reference_not_found(rid.text, self.vm.text)
        owner = doc.get("managedBy")
        if owner and owner.lower() != self.vm.key:
            raise errors.disk_owned(doc["id"], owner)
        if access_open(self.world, doc):
            raise active_access(doc["name"])
        theirs = doc.get("zones") or []
        if theirs and list(self.zones) != theirs:
            raise errors.disk_in_other_zone(",".join(self.zones), ",".join(theirs))
        return doc


def attached(disk: Document, *, lun: int | None, caching: str, delete_option: str) -> PlannedDisk:
    """The plan for a disk that exists."""
    return PlannedDisk(
        id=disk["id"],
        create_option="Attach",
        caching=caching,
        delete_option=delete_option,
        lun=lun,
        attach=True,
        size_gb=disk["properties"]["diskSizeGB"],
        sku=disk["sku"]["name"],
    )


def _lun(given: Any) -> int:
    lun = given.get("lun") if isinstance(given, dict) else None
    if lun is None:
        raise errors.missing_parameter("dataDisk.lun")
    if not isinstance(lun, int) or isinstance(lun, bool) or not 0 <= lun <= MOST_LUN:
        raise errors.out_of_range("dataDisk.lun", lun, 0, MOST_LUN)
    return lun


def _create_option(given: dict[str, Any], which: str) -> str:
    option = given.get("createOption")
    if option is None:
        raise errors.missing_parameter(f"{which}.createOption")
    for name, allowed in (("caching", _CACHING), ("deleteOption", _DELETE)):
        if given.get(name) is not None and given[name] not in allowed:
            raise errors.invalid_parameter(
                f"The value of parameter {which}.{name} is invalid.", target=f"{which}.{name}"
            )
    return str(option)


def _size(given: dict[str, Any], source: Source | None) -> int:
    size = given.get("diskSizeGB")
    if size is None:
        if source is None:
            raise errors.missing_parameter("dataDisk.diskSizeGB")
        return source.size_gb
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_GB:
        raise errors.out_of_range("disk.diskSizeGB", size, 1, LARGEST_GB)
    if source is not None and size < source.size_gb:
        raise smaller_than_source(size, source.size_gb)
    return size
