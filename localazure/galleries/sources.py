"""What a version is made of: a machine, a managed image, another version, or single disks and snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import not_implemented
from localazure.arm.ids import ResourceId
from localazure.compute import errors as compute_errors
from localazure.compute import machines
from localazure.compute.image_contents import Contents, DataContent
from localazure.compute.image_routes import machine_contents
from localazure.disks import sources as disk_sources
from localazure.disks.models import DISKS, SNAPSHOTS
from localazure.galleries import errors, resolve

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World


@dataclass(frozen=True)
class Found:
    """A source that fits: what is shown of it, and what is to be copied."""

    shown: dict[str, Any]
    contents: Contents


def read(world: World, definition: Document, location: str, given: Any) -> Found:
    """Resolve a new version's storage profile and hold it against its definition."""
    given = given if isinstance(given, dict) else {}
    source, os_disk = given.get("source") or {}, given.get("osDiskImage") or {}
    if source.get("communityGalleryImageId"):
        raise not_implemented("image versions from community galleries")
    disk_source = os_disk.get("source") or {}
    if disk_source.get("uri") or disk_source.get("storageAccountId"):
        raise not_implemented("image versions from blobs")
    whole = [one for one in (source.get("id"), source.get("virtualMachineId")) if one]
    disks = [one for one in [os_disk, *(given.get("dataDiskImages") or [])] if one.get("source")]
    if len(whole) + bool(disks) != 1 or (disks and not disk_source.get("id")):
        raise errors.source_count()
    if disks:
        return _from_disks(world, definition, location, os_disk, given.get("dataDiskImages") or [])
    return _from_whole(world, definition, location, source)


def _parse(text: Any, path: str) -> ResourceId:
    try:
        return ResourceId.parse(str(text))
    except ValueError:
        raise errors.source_id(text, path) from None


def _from_whole(world: World, definition: Document, location: str, source: dict[str, Any]) -> Found:
    key = "id" if source.get("id") else "virtualMachineId"
    rid = _parse(source[key], f"source.{key}")
    shown = {key: source[key]}
    kind = rid.type.lower()
    if kind == machines.MACHINES.lower():
        return _from_machine(world, definition, location, rid, shown)
    if key == "virtualMachineId":
        raise errors.source_kind(rid.text)
    if kind == "microsoft.compute/images":
        return _from_image(world, definition, location, rid, shown)
    if kind == resolve.VERSIONS.lower():
        return _from_version(world, definition, location, rid, shown)
    raise errors.source_kind(rid.text)


def _fits(
    definition: Document, source: str, *, state: str | None, os_type: str | None, generation: str | None
) -> None:
    parent = definition["properties"]
    if state is not None and state != parent["osState"]:
        raise errors.os_state(source, parent["osState"], state)
    if os_type is not None and os_type != parent["osType"]:
        raise errors.os_type(source, os_type, parent["osType"])
    if generation is not None and generation != parent["hyperVGeneration"]:
        raise errors.generation(source, generation, parent["hyperVGeneration"])


def _whole(shown: dict[str, Any], contents: Contents) -> Found:
    profile: dict[str, Any] = {"source": shown, "osDiskImage": {"hostCaching": contents.os_caching}}
    if contents.data:
        profile["dataDiskImages"] = [{"lun": disk.lun, "hostCaching": disk.caching} for disk in contents.data]
    return Found(profile, contents)


def _from_machine(
    world: World, definition: Document, location: str, rid: ResourceId, shown: dict[str, Any]
) -> Found:
    vm = world.store.get(rid)
    if vm is None or vm["location"] != location:
        raise errors.source_not_found(rid.text)
    if vm.get("_deleting") or world.operations.busy(rid) is not None:
        reason = compute_errors.MARKED_FOR_DELETION if vm.get("_deleting") else compute_errors.IN_PROGRESS
        raise compute_errors.not_allowed_on_vm("Create Gallery Image Version", vm["name"], reason)
    _check_security(definition, vm)
    os_disk = vm["properties"]["storageProfile"]["osDisk"]
    _fits(
        definition,
        rid.text,
        state="Generalized" if vm.get("_generalized") else "Specialized",
        os_type=os_disk["osType"],
        generation=vm.get("_generation", "V1"),
    )
    return _whole(shown, machine_contents(world, vm))


def _check_security(definition: Document, vm: Document) -> None:
    features = definition["properties"].get("features") or []
    if any(one["name"] == "SecurityType" and one["value"] == "TrustedLaunchSupported" for one in features):
        raise errors.trusted_launch_source(vm["id"])


def _from_image(
    world: World, definition: Document, location: str, rid: ResourceId, shown: dict[str, Any]
) -> Found:
    image = world.store.get(rid)
    if image is None or image["location"] != location or "_contents" not in image:
        raise errors.source_not_found(rid.text)
    os_disk = image["properties"]["storageProfile"]["osDisk"]
    _fits(
        definition,
        rid.text,
        state=os_disk["osState"],
        os_type=os_disk["osType"],
        generation=image["properties"]["hyperVGeneration"],
    )
    return _whole(shown, Contents.from_dict(image["_contents"]))


def _from_version(
    world: World, definition: Document, location: str, rid: ResourceId, shown: dict[str, Any]
) -> Found:
    version = world.store.get(rid)
    parent = world.store.get(rid.parent) if rid.parent else None
    if version is None or parent is None or not resolve.usable_in(world, version, location):
        raise errors.source_not_found(rid.text)
    theirs = parent["properties"]
    _fits(
        definition,
        rid.text,
        state=theirs["osState"],
        os_type=theirs["osType"],
        generation=theirs["hyperVGeneration"],
    )
    return _whole(shown, Contents.from_dict(version["_contents"]))


def _from_disks(
    world: World, definition: Document, location: str, os_disk: dict[str, Any], data: list[dict[str, Any]]
) -> Found:
    luns = [one.get("lun") for one in data]
    if any(not isinstance(lun, int) for lun in luns):
        raise compute_errors.missing_parameter("dataDiskImages.lun")
    if len(set(luns)) != len(luns):
        raise errors.duplicate_luns()
    first = _disk(world, location, os_disk, "osDiskImage.source.id")
    _fits(
        definition,
        first["id"],
        state=None,
        os_type=first["properties"].get("osType"),
        generation=first["properties"].get("hyperVGeneration"),
    )
    others = [_disk(world, location, one, "dataDiskImages.source.id") for one in data]
    ids = [doc["id"].lower() for doc in others]
    if first["id"].lower() in ids:
        raise errors.same_os_and_data(first["id"])
    if len(set(ids)) != len(ids):
        raise errors.duplicate_sources()
    shown: dict[str, Any] = {"osDiskImage": _shown(os_disk, "ReadWrite")}
    if data:
        shown["dataDiskImages"] = [{"lun": one["lun"]} | _shown(one, "None") for one in data]
    contents = Contents(
        first["_content"],
        first["properties"]["diskSizeGB"],
        shown["osDiskImage"]["hostCaching"],
        tuple(
            DataContent(
                one["lun"], doc["_content"], doc["properties"]["diskSizeGB"], one.get("hostCaching") or "None"
            )
            for one, doc in zip(data, others, strict=True)
        ),
    )
    return Found(shown, contents)


def _shown(given: dict[str, Any], caching: str) -> dict[str, Any]:
    return {"hostCaching": given.get("hostCaching") or caching, "source": {"id": given["source"]["id"]}}


def _disk(world: World, location: str, given: dict[str, Any], path: str) -> Document:
    text = (given.get("source") or {}).get("id")
    if not text:
        raise errors.source_count()
    rid = _parse(text, path)
    if rid.type.lower() not in (DISKS.lower(), SNAPSHOTS.lower()):
        raise errors.disk_source_kind(rid.text)
    doc = world.store.get(rid)
    if doc is None or doc["location"] != location:
        raise errors.source_not_found(rid.text)
    return disk_sources.find(world, rid.text, kinds=(DISKS, SNAPSHOTS), parameter=path)


def same(doc: Document, given: Any) -> None:
    """Refuse a change of what an existing version is made of; repeating it is fine."""
    if not isinstance(given, dict):
        return
    had = doc["properties"]["storageProfile"]
    path = "galleryImageVersion.properties.storageProfile"
    for key in ("id", "virtualMachineId"):
        wanted = (given.get("source") or {}).get(key)
        if wanted and wanted.lower() != str((had.get("source") or {}).get(key)).lower():
            raise errors.property_change(f"{path}.source.{key}")
    _same_disk(had.get("osDiskImage") or {}, given.get("osDiskImage") or {}, f"{path}.osDiskImage.source.id")
    known = {one["lun"]: one for one in had.get("dataDiskImages") or []}
    for one in given.get("dataDiskImages") or []:
        if one.get("lun") not in known:
            raise errors.invalid(
                "Adding new Data Disks or changing the LUN of a Data Disk in an existing Image is not "
                "allowed."
            )
        _same_disk(known[one["lun"]], one, f"{path}.dataDiskImages.source.id")


def _same_disk(had: dict[str, Any], given: dict[str, Any], path: str) -> None:
    wanted = (given.get("source") or {}).get("id")
    if wanted and wanted.lower() != str((had.get("source") or {}).get("id")).lower():
        raise errors.property_change(path)
