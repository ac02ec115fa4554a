"""What a client may ask of disks and snapshots: bodies checked against the service's rules."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import NAME, check_name, new_document, read_resource
from localazure.arm.errors import not_implemented
from localazure.compute import image_reference
from localazure.compute.errors import (
    invalid_parameter,
    missing_parameter,
    out_of_range,
    parameter_not_allowed,
)
from localazure.compute.zones import check_zones
from localazure.disks import errors, imports, sources, vhd
from localazure.disks.models import DISKS, LARGEST_GB, SNAPSHOT_TIERS, SNAPSHOTS, TIERS, holder
from localazure.disks.sources import Source

if TYPE_CHECKING:
    from localazure.arm.calls import Call
    from localazure.arm.store import Document
    from localazure.arm.world import World

_KNOWN = [
    "Attach",
    "CopyFromSanSnapshot",
    "CopyStart",
    "Copy",
    "Empty",
    "FromImage",
    "Import",
    "ImportSecure",
    "Restore",
    "Upload",
    "UploadPreparedSecure",
]
_UPDATABLE = frozenset(
    [
        "diskSizeGB",
        "tier",
        "burstingEnabled",
        "networkAccessPolicy",
        "publicNetworkAccess",
        "diskAccessId",
        "osType",
        "encryption",
        "supportsHibernation",
        "dataAccessAuthMode",
        "maxShares",
        "diskIOPSReadWrite",
        "diskMBpsReadWrite",
        "supportedCapabilities",
        "purchasePlan",
    ]
)


def read_new(call: Call) -> tuple[Document, Source | None]:
    """A disk or snapshot to create: its document, and what it is a copy of (None: it begins empty)."""
    check_name(call, NAME, 80)
    body = read_resource(call)
    doc = new_document(call, body)
    properties = doc["properties"]
    _check_sku(doc)
    check_zones(doc, call.rid.types[-1], most=1)
    creation = properties.get("creationData")
    if not isinstance(creation, dict):
        raise missing_parameter(f"{_word(doc)}.creationData")
    source = _source(call.world, doc, creation)
    _check_size(doc, source)
    if source is not None and source.unique_id:
        creation["sourceUniqueId"] = source.unique_id
    return doc, source


def _word(doc: Document) -> str:
    return "snapshot" if doc["type"] == SNAPSHOTS else "disk"


def _check_sku(doc: Document) -> None:
    sku = doc.setdefault("sku", {"name": "Standard_LRS"}) if "sku" in doc else {"name": "Standard_LRS"}
    known = SNAPSHOT_TIERS if doc["type"] == SNAPSHOTS else TIERS
    if sku.get("name") not in known:
        raise invalid_parameter(
            f"The value '{sku.get('name')}' of parameter 'sku.name' is not allowed. Allowed values are "
            f"'{','.join(known)}'.",
            target="sku.name",
        )


def _check_size(doc: Document, source: Source | None) -> None:
    parameter = f"{_word(doc)}.diskSizeGB"
    size = doc["properties"].get("diskSizeGB")
    if size is None:
        if source is None and doc["properties"]["creationData"]["createOption"] == "Empty":
            raise missing_parameter(parameter)
        return
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_GB:
        raise out_of_range(parameter, size, 1, LARGEST_GB)
    if source is not None and size < source.size_gb:
        raise errors.smaller_than_source(size, source.size_gb)


def _source(world: World, doc: Document, creation: dict[str, Any]) -> Source | None:
    option = creation.get("createOption")
    if option is None:
        raise missing_parameter("creationData.createOption")
    if option not in _KNOWN:
        raise invalid_parameter(
            "The value of parameter creationData.createOption is invalid.", target="creationData.createOption"
        )
    if doc["type"] == SNAPSHOTS:
        return _snapshot_source(world, doc, creation, option)
    return _disk_source(world, doc, creation, option)


def _disk_source(world: World, doc: Document, creation: dict[str, Any], option: str) -> Source | None:
    match option:
        case "Empty":
            return None
        case "Copy":
            return _same_region(doc, sources.copied(world, creation))
        case "Restore":
            return _same_region(doc, sources.restored(world, creation))
        case "FromImage":
            return _from_image(world, doc, creation)
        case "Upload":
            _check_upload(doc, creation)
            return None
        case "Import":
            imports.check(world, creation)
            return None
        case _:
            raise not_implemented(f"disks with createOption {option}")


def _snapshot_source(world: World, doc: Document, creation: dict[str, Any], option: str) -> Source | None:
    incremental = bool(doc["properties"].get("incremental", False))
    if option == "Copy":
        found = _same_region(doc, sources.copied(world, creation))
        # A family is the line of incremental snapshots of one disk.
        return found if incremental else replace(found, family=None)
    if option == "CopyStart":
        source = sources.copied(world, creation)
        if not incremental or source["type"] != SNAPSHOTS or not source["properties"].get("incremental"):
            raise errors.copy_start_needs_incremental(source["id"])
        return sources.of_document(source)
    if option == "Import":
        imports.check(world, creation)
        return None
    raise not_implemented(f"snapshots with createOption {option}")


def _check_upload(doc: Document, creation: dict[str, Any]) -> None:
    """An upload's size is the disk's; it says so alone."""
    size = creation.get("uploadSizeBytes")
    if size is None:
        raise missing_parameter("creationData.uploadSizeBytes")
    if not isinstance(size, int) or isinstance(size, bool) or not vhd.SMALLEST <= size <= vhd.LARGEST:
        raise out_of_range("creationData.uploadSizeBytes", size, vhd.SMALLEST, vhd.LARGEST)
    if (size - vhd.FOOTER) % vhd.MIB:
        raise errors.upload_size(size)
    if "diskSizeGB" in doc["properties"]:
        raise parameter_not_allowed("disk.diskSizeGB")


def _same_region(doc: Document, source: Document) -> Source:
    found = sources.of_document(source)
    if found.location != doc["location"]:
        raise errors.source_region(source["id"], found.location, doc["location"])
    return found


def _from_image(world: World, doc: Document, creation: dict[str, Any]) -> Source:
    """A disk from an image: its OS disk, or with `lun` one of its data disks."""
    given = creation.get("galleryImageReference") or creation.get("imageReference")
    if not isinstance(given, dict):
        raise missing_parameter("creationData.imageReference")
    image = image_reference.resolve_disk(world, given, doc["location"])
    lun = given.get("lun")
    if lun is None:
        return Source(
            image.os_content,
            image.os_size_gb,
            doc["location"],
            os_type=image.os_type,
            generation=image.generation,
        )
    disk = next((d for d in image.data if d.lun == lun), None)
    if disk is None:
        raise errors.image_lun(lun)
    return Source(disk.content, disk.size_gb, doc["location"])


def changed(call: Call, existing: Document, given: Document) -> Document:
    """A PUT or PATCH on what exists: the document as it is to become, or the refusal."""
    world, properties = call.world, given.get("properties") or {}
    kind, name = _word(existing), existing["name"]
    _check_creation(existing, properties, kind)
    after = existing
    size = properties.get("diskSizeGB")
    if size is not None and size != existing["properties"]["diskSizeGB"]:
        _check_growth(world, existing, size)
    for key, value in properties.items():
        if key in _UPDATABLE:
            after["properties"][key] = value
        elif (key == "incremental" and bool(value) != existing["properties"].get("incremental", False)) or (
            key == "hyperVGeneration" and value != existing["properties"].get(key)
        ):
            raise errors.immutable(kind, name, key)
    if given.get("zones") is not None and given["zones"] != existing.get("zones"):
        raise errors.immutable(kind, name, "zones")
    if "sku" in given:
        _check_sku(given | {"type": existing["type"]})
        tiers = SNAPSHOT_TIERS if existing["type"] == SNAPSHOTS else TIERS
        after["sku"] = {"name": given["sku"]["name"], "tier": tiers[given["sku"]["name"]]}
    return after


def _check_creation(existing: Document, properties: dict[str, Any], kind: str) -> None:
    given = properties.get("creationData")
    if given is None:
        return
    had = existing["properties"]["creationData"]
    for key in ("createOption", "sourceResourceId", "imageReference", "galleryImageReference"):
        old, new = had.get(key), given.get(key)
        if new is not None and str(new).lower() != str(old).lower():
            raise errors.immutable(kind, existing["name"], f"creationData.{key}")


def _check_growth(world: World, existing: Document, size: Any) -> None:
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= LARGEST_GB:
        raise out_of_range(f"{_word(existing)}.diskSizeGB", size, 1, LARGEST_GB)
    if size < existing["properties"]["diskSizeGB"]:
        raise errors.shrinking(existing["properties"]["diskSizeGB"], size)
    if existing["type"] != DISKS:
        raise errors.immutable("snapshot", existing["name"], "diskSizeGB")
    vm = holder(world, existing)
    if vm is not None and vm.get("_power") != "deallocated":
        raise errors.resize_while_running(existing["name"], vm["id"])
