"""Azure Compute Gallery: definitions, versions, replication.

A version whose last finished publishing left it excluded from latest is one that nobody gets by "latest":
that is how the factory keeps an unverified one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove
from factory.azure.ids import ArmId
from factory.azure.looking import Seen, look_until_done
from factory.azure.lro import Progress
from factory.azure.wire import Json, dig, plain, read_time
from factory.errors import InvalidInput, NotFound, OperationTimedOut


@dataclass(frozen=True)
class Gallery:
    """A gallery."""

    id: str
    name: str
    location: str
    soft_delete: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """An image definition: what every version in it must be. `features` as SecurityType -> TrustedLaunch."""

    id: str
    name: str
    location: str
    os_type: str
    os_state: str
    generation: str
    architecture: str | None = None
    publisher: str = ""
    offer: str = ""
    sku: str = ""
    features: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def security_type(self) -> str | None:
        """TrustedLaunch, TrustedLaunchSupported, ...; `None` where the definition names none."""
        kind = self.features.get("SecurityType")
        return None if kind in (None, "None", "Standard") else kind


@dataclass(frozen=True)
class TargetRegion:
    """Where a version is to be, with how many copies."""

    name: str
    replicas: int = 1
    storage: str | None = None
    exclude_from_latest: bool = False


@dataclass(frozen=True)
class Replication:
    """How far a version is: `aggregated` is Completed, InProgress, Failed or Unknown, `regions` says each."""

    aggregated: str
    regions: Mapping[str, str] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """True where Azure will do no more by itself."""
        return self.aggregated in ("Completed", "Failed")


@dataclass(frozen=True)
class Version:
    """An image version."""

    id: str
    name: str
    location: str
    provisioning_state: str | None
    exclude_from_latest: bool
    regions: tuple[TargetRegion, ...] = ()
    end_of_life: datetime | None = None
    published: datetime | None = None
    luns: tuple[int, ...] = ()
    replication: Replication = field(default_factory=lambda: Replication("Unknown"))
    tags: Mapping[str, str] = field(default_factory=dict)
    raw: Json = field(default_factory=dict, repr=False, compare=False)


async def get_gallery(azure: Azure, gallery_id: str) -> Gallery:
    """Read a gallery. Raises `NotFound`, `AuthorizationFailed`."""
    rid = ArmId.parse(gallery_id)
    body = plain(
        await azure.call(f"read gallery {rid.name}", azure.compute.galleries.get, rid.group, rid.name)
    )
    return Gallery(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        soft_delete=bool(dig(body, "properties", "softDeletePolicy", "isSoftDeleteEnabled")),
        tags=dict(body.get("tags") or {}),
    )


async def get_definition(azure: Azure, definition_id: str) -> Definition:
    """Read an image definition. Raises `NotFound`, `AuthorizationFailed`."""
    rid = ArmId.parse(definition_id)
    gallery, name = _names(rid, 2)
    get = azure.compute.gallery_images.get
    return _read_definition(
        plain(await azure.call(f"read image definition {name}", get, rid.group, gallery, name))
    )


async def list_versions(azure: Azure, definition_id: str) -> list[Version]:
    """List the versions of a definition, without replication status. Raises `NotFound`."""
    rid = ArmId.parse(definition_id)
    gallery, name = _names(rid, 2)
    found = await azure.collect(
        f"list versions of {name}",
        azure.compute.gallery_image_versions.list_by_gallery_image,
        rid.group,
        gallery,
        name,
    )
    return [_read_version(plain(model)) for model in found]


async def get_version(azure: Azure, version_id: str) -> Version | None:
    """Read a version with its replication status; `None` where there is none."""
    rid = ArmId.parse(version_id)
    gallery, definition, name = _names(rid, 3)
    found = await azure.find(
        f"read version {name}",
        azure.compute.gallery_image_versions.get,
        rid.group,
        gallery,
        definition,
        name,
        expand="ReplicationStatus",
    )
    return _read_version(plain(found)) if found else None


async def create_version_from_machine(
    azure: Azure,
    definition_id: str,
    name: str,
    location: str,
    *,
    machine_id: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    replicas: int = 1,
    storage: str = "Standard_LRS",
    end_of_life: datetime | None = None,
    progress: Progress | None = None,
) -> Version:
    """Capture a VM with all its disks as a version in its home region, excluded from latest.

    Raises `OperationNotAllowed` or `InvalidRequest` (OS state, type, generation or security type do not match
    the definition), `NotFound`, `QuotaExceeded`, `ProvisioningFailed`, `OperationTimedOut`.
    """
    rid = ArmId.parse(definition_id)
    gallery, definition = _names(rid, 2)
    home = TargetRegion(location, replicas, storage, exclude_from_latest=True)
    publishing: dict[str, Any] = {
        "targetRegions": [_write_region(home)],
        "replicaCount": replicas,
        "storageAccountType": storage,
        "excludeFromLatest": True,
    }
    if end_of_life:
        publishing["endOfLifeDate"] = end_of_life.isoformat()
    body = {
        "location": location,
        "tags": dict(tags),
        "properties": {
            "publishingProfile": publishing,
            "storageProfile": {"source": {"virtualMachineId": machine_id}},
        },
    }
    what = f"create version {name} of {definition}"
    operations = azure.compute.gallery_image_versions

    async def look() -> Existing[Version] | None:
        version = await get_version(azure, f"{definition_id}/versions/{name}")
        return Existing(version, version.provisioning_state, version.tags) if version else None

    async def make(left: timedelta) -> Version:
        create = operations.begin_create_or_update
        version = models.GalleryImageVersion(body)
        operation = await azure.begin(what, create, rid.group, gallery, definition, name, version)
        return _read_version(plain(await azure.wait(operation, deadline=left, progress=progress)))

    async def away(left: timedelta) -> None:
        await delete_version(azure, f"{definition_id}/versions/{name}", deadline=left)

    return await ensure(
        azure,
        what,
        look=look,
        make=make,
        remove=away,
        tags=tags,
        deadline=deadline,
        progress=progress,
    )


async def update_publishing(
    azure: Azure,
    version_id: str,
    *,
    regions: Mapping[str, int] | None = None,
    exclude_from_latest: bool | None = None,
    tags: Mapping[str, str] | None = None,
) -> Version:
    """Change where a version is published (region -> copies), whether it counts as latest, and its tags.

    Reads and writes the whole version: regions that are there and not named stay, with their encryption; a
    value of `None` leaves that part alone. Returns when Azure has accepted it, because Azure's own operation
    lasts as long as the replication: `wait_replication` waits. There is no etag on versions: two writers at
    once overwrite each other, so only the run that made a version publishes it.

    Raises `NotFound`, `InvalidRequest` (unknown region), `QuotaExceeded`, `Busy`, `ScopeLocked`.
    """
    version = await get_version(azure, version_id)
    what = f"publish version {ArmId.parse(version_id).name}"
    if version is None:
        raise NotFound(what)
    rid = ArmId.parse(version_id)
    gallery, definition, name = _names(rid, 3)
    await azure.begin(
        what,
        azure.compute.gallery_image_versions.begin_create_or_update,
        rid.group,
        gallery,
        definition,
        name,
        models.GalleryImageVersion(_published(version, regions, exclude_from_latest, tags)),
    )
    return await get_version(azure, version_id) or version


async def wait_replication(
    azure: Azure, version_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> Replication:
    """Wait until a version is in all its regions, and return how far it is, at the deadline too.

    A replication that outlasts the deadline is no failure (`aggregated` is then InProgress): the version is
    good where it is, and Azure goes on. Raises `NotFound`.
    """
    what = f"see version {ArmId.parse(version_id).name} replicated"
    state = Replication("Unknown")

    async def look() -> Seen[Replication]:
        nonlocal state
        version = await get_version(azure, version_id)
        if version is None:
            raise NotFound(what)
        state = version.replication
        return Seen(state, _tell(state), state.finished)

    try:
        return await look_until_done(azure, what, look, deadline=deadline, progress=progress)
    except OperationTimedOut:
        return state


async def delete_version(azure: Azure, version_id: str, *, deadline: timedelta | None) -> None:
    """Delete a version; one that is not there is fine. In a gallery with soft delete it can be restored.

    Raises `Conflict` (blocked before its end of life), `ScopeLocked`, `OperationTimedOut`.
    """
    rid = ArmId.parse(version_id)
    gallery, definition, name = _names(rid, 3)
    what, delete = f"delete version {name}", azure.compute.gallery_image_versions.begin_delete
    await remove(
        azure,
        what,
        lambda: azure.begin(what, delete, rid.group, gallery, definition, name),
        deadline=deadline,
    )


def _names(rid: ArmId, count: int) -> tuple[str, ...]:
    if rid.types[:1] and rid.types[0].lower() == "galleries" and len(rid.names) == count:
        return rid.names
    kind = {2: "an image definition", 3: "an image version"}[count]
    raise InvalidInput(f"{rid.text} is not the id of {kind}")


def _published(
    version: Version,
    regions: Mapping[str, int] | None,
    exclude_from_latest: bool | None,
    tags: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return the version's own REST model with the changes in it."""
    body = dict(version.raw)
    properties = dict(body["properties"])
    publishing = dict(properties.get("publishingProfile") or {})
    targets = {_region_key(entry["name"]): dict(entry) for entry in publishing.get("targetRegions") or ()}
    for region, replicas in (regions or {}).items():
        entry = targets.setdefault(_region_key(region), {"name": region})
        entry["regionalReplicaCount"] = replicas
    if exclude_from_latest is not None:
        publishing["excludeFromLatest"] = exclude_from_latest
        for entry in targets.values():
            entry["excludeFromLatest"] = exclude_from_latest
    publishing["targetRegions"] = list(targets.values())
    properties["publishingProfile"] = publishing
    properties.pop("replicationStatus", None)
    body["properties"] = properties
    if tags is not None:
        body["tags"] = dict(tags)
    return body


def _region_key(name: str) -> str:
    """Azure answers "West Europe" where it was told "westeurope"."""
    return name.replace(" ", "").lower()


def _write_region(region: TargetRegion) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": region.name,
        "regionalReplicaCount": region.replicas,
        "excludeFromLatest": region.exclude_from_latest,
    }
    if region.storage:
        body["storageAccountType"] = region.storage
    return body


def _read_definition(body: Json) -> Definition:
    properties = body.get("properties") or {}
    return Definition(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        os_type=properties.get("osType") or "",
        os_state=properties.get("osState") or "",
        generation=properties.get("hyperVGeneration") or "V1",
        architecture=properties.get("architecture"),
        publisher=dig(properties, "identifier", "publisher") or "",
        offer=dig(properties, "identifier", "offer") or "",
        sku=dig(properties, "identifier", "sku") or "",
        features={feature["name"]: feature["value"] for feature in properties.get("features") or ()},
        tags=dict(body.get("tags") or {}),
    )


def _read_version(body: Json) -> Version:
    properties = body.get("properties") or {}
    publishing = properties.get("publishingProfile") or {}
    disks = dig(properties, "storageProfile", "dataDiskImages") or ()
    return Version(
        id=body["id"],
        name=body["name"],
        location=body["location"],
        provisioning_state=properties.get("provisioningState"),
        exclude_from_latest=bool(publishing.get("excludeFromLatest")),
        regions=tuple(_read_region(entry) for entry in publishing.get("targetRegions") or ()),
        end_of_life=read_time(publishing.get("endOfLifeDate")),
        published=read_time(publishing.get("publishedDate")),
        luns=tuple(disk["lun"] for disk in disks),
        replication=_read_replication(properties),
        tags=dict(body.get("tags") or {}),
        raw=body,
    )


def _read_region(entry: Json) -> TargetRegion:
    return TargetRegion(
        name=_region_key(entry["name"]),
        replicas=entry.get("regionalReplicaCount") or 1,
        storage=entry.get("storageAccountType"),
        exclude_from_latest=bool(entry.get("excludeFromLatest")),
    )


def _read_replication(properties: Json) -> Replication:
    """Judge what Azure says: right after a change it still shows the old regions as Completed."""
    status = properties.get("replicationStatus") or {}
    regions = {entry["region"]: _region_state(entry) for entry in status.get("summary") or ()}
    aggregated = status.get("aggregatedState") or "Unknown"
    if properties.get("provisioningState") == "Failed":
        aggregated = "Failed"
    elif aggregated == "Completed" and not _is_everywhere(properties, regions):
        aggregated = "InProgress"
    return Replication(aggregated, regions)


def _is_everywhere(properties: Json, regions: Mapping[str, str]) -> bool:
    wanted = dig(properties, "publishingProfile", "targetRegions") or ()
    there = {_region_key(region) for region, state in regions.items() if state == "Completed"}
    settled = properties.get("provisioningState") in (None, "Succeeded")
    return settled and all(_region_key(entry["name"]) in there for entry in wanted)


def _region_state(entry: Json) -> str:
    """`Completed`, `Replicating 40 %`, `Failed: why`."""
    state = str(entry.get("state") or "Unknown")
    if state == "Replicating" and entry.get("progress") is not None:
        return f"{state} {entry['progress']} %"
    return f"{state}: {entry['details']}" if state == "Failed" and entry.get("details") else state


def _tell(state: Replication) -> str:
    regions = ", ".join(f"{region} {told}" for region, told in state.regions.items())
    return f"{state.aggregated}: {regions}" if regions else state.aggregated
