"""Where a version is published: target regions, replicas, end of life, safety."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import REGIONS, normal_location
from localazure.arm.errors import ArmError, not_implemented
from localazure.compute.errors import out_of_range
from localazure.disks.models import now
from localazure.galleries import errors
from localazure.galleries.definitions import future_date

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

_STORAGE = ("Standard_LRS", "Standard_ZRS", "Premium_LRS", "PremiumV2_LRS")
_MOST_REPLICAS = 100
_PATH = "galleryImageVersion.properties.publishingProfile"


def new_profile(world: World, location: str, given: dict[str, Any]) -> dict[str, Any]:
    """A new version's publishing profile, complete."""
    replicas, storage = given.get("replicaCount", 1) or 1, given.get("storageAccountType") or "Standard_LRS"
    _check(replicas, storage, "")
    wanted = given.get("targetRegions") or [{"name": location}]
    profile: dict[str, Any] = {
        "targetRegions": _regions(wanted, location, replicas, storage),
        "replicaCount": replicas,
        "excludeFromLatest": bool(given.get("excludeFromLatest", False)),
        "publishedDate": now(world),
        "storageAccountType": storage,
    }
    mode = given.get("replicationMode")
    if mode not in (None, "Full", "Shallow"):
        raise errors.invalid(f"The value '{mode}' of parameter {_PATH}.replicationMode is invalid.")
    if mode:
        profile["replicationMode"] = mode
    if given.get("endOfLifeDate") is not None:
        future_date(world, given["endOfLifeDate"])
        profile["endOfLifeDate"] = given["endOfLifeDate"]
    if given.get("targetExtendedLocations"):
        raise not_implemented("image versions in extended locations")
    return profile


def _check(replicas: Any, storage: Any, where: str) -> None:
    if not isinstance(replicas, int) or isinstance(replicas, bool) or not 1 <= replicas <= _MOST_REPLICAS:
        name = f"{_PATH}.targetRegions.regionalReplicaCount" if where else f"{_PATH}.replicaCount"
        raise out_of_range(name, replicas, 1, _MOST_REPLICAS)
    if storage not in _STORAGE:
        raise errors.invalid(
            f"The value '{storage}' of parameter {_PATH}{where}.storageAccountType is invalid."
        )


def _regions(given: list[dict[str, Any]], home: str, replicas: int, storage: str) -> list[dict[str, Any]]:
    shown = [_region(one, replicas, storage) for one in given]
    places = [normal_location(one["name"]) for one in shown]
    if len(set(places)) != len(places):
        raise errors.duplicate_regions()
    if home not in places:
        raise errors.regions_without_home([one["name"] for one in shown], REGIONS[home][0])
    return shown


def _region(given: dict[str, Any], replicas: int, storage: str) -> dict[str, Any]:
    name = given.get("name")
    if not isinstance(name, str) or normal_location(name) not in REGIONS:
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{name}' is not available for resource type "
            "'Microsoft.Compute/galleries'. "
            f"List of available regions for the resource type is '{','.join(REGIONS)}'.",
        )
    if given.get("encryption"):
        raise not_implemented("image versions encrypted with customers' keys")
    count = given.get("regionalReplicaCount") or replicas
    kind = given.get("storageAccountType") or storage
    _check(count, kind, ".targetRegions")
    shown = {
        "name": REGIONS[normal_location(name)][0],
        "regionalReplicaCount": count,
        "storageAccountType": kind,
    }
    if "excludeFromLatest" in given:
        shown["excludeFromLatest"] = bool(given["excludeFromLatest"])
    return shown


def changed_profile(
    world: World, doc: Document, given: dict[str, Any], safety: dict[str, Any]
) -> dict[str, Any]:
    """An existing version's publishing profile after a change, or the refusal."""
    had = doc["properties"]["publishingProfile"]
    after: dict[str, Any] = dict(had)
    for name in ("replicationMode", "storageAccountType"):
        if given.get(name) is not None and given[name] != had.get(
            name, "Full" if name == "replicationMode" else None
        ):
            raise errors.property_change(f"{_PATH}.{name}")
    if given.get("replicaCount") is not None:
        _check(given["replicaCount"], had["storageAccountType"], "")
        after["replicaCount"] = given["replicaCount"]
    if given.get("excludeFromLatest") is not None:
        after["excludeFromLatest"] = bool(given["excludeFromLatest"])
    if given.get("endOfLifeDate") is not None and given["endOfLifeDate"] != had.get("endOfLifeDate"):
        future_date(world, given["endOfLifeDate"])
        after["endOfLifeDate"] = given["endOfLifeDate"]
    if given.get("targetRegions") is not None:
        after["targetRegions"] = _regions(
            given["targetRegions"], doc["location"], after["replicaCount"], had["storageAccountType"]
        )
        _check_removed(had["targetRegions"], after["targetRegions"], safety)
    return after


def _check_removed(had: list[dict[str, Any]], after: list[dict[str, Any]], safety: dict[str, Any]) -> None:
    kept = {one["name"] for one in after}
    for one in had:
        if one["name"] not in kept and safety.get("allowDeletionOfReplicatedLocations") is False:
            raise errors.region_kept(one["name"])
