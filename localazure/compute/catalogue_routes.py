"""What a region offers: sizes, quotas, marketplace images."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import REGIONS, normal_location
from localazure.arm.errors import ArmError, not_implemented
from localazure.arm.routing import route
from localazure.arm.wire import page, reply
from localazure.compute import errors, skus
from localazure.compute.image_reference import marketplace_versions
from localazure.guests.base import MarketplaceImage

_SUB = "/subscriptions/{sub}/providers/Microsoft.Compute"
_LOCATION = _SUB + "/locations/{location}"
_OFFERS = _LOCATION + "/publishers/{publisher}/artifacttypes/vmimage/offers"
_VERSIONS = _OFFERS + "/{offer}/skus/{sku}/versions"
_FILTER = re.compile(r"\s*location\s+eq\s+'([^']*)'\s*", re.IGNORECASE)
_PAGE = 1000


@route("GET", _SUB + "/skus")
async def list_skus(call: Call) -> Response:
    """All sizes, of every region or of the one in `$filter`."""
    wanted = call.query.get("$filter")
    regions: Iterable[str] = REGIONS
    if wanted:
        match = _FILTER.fullmatch(wanted)
        if match is None:
            raise errors.invalid_parameter(
                f"The filter '{wanted}' is not supported.", target="$filter"
            )  # assumed
        regions = [region for region in REGIONS if region == normal_location(match[1])]
    return page(
        call, [skus.sku(size, region) for region in regions for size in skus.SIZES.values()], size=_PAGE
    )


@route("GET", _LOCATION + "/usages")
async def list_usages(call: Call) -> Response:
    """Quotas and what is used of them."""
    location = _region(call)
    return page(
        call, [usage.shown() for usage in skus.usages(call.world, call.path["sub"], location)], size=_PAGE
    )


@route("GET", _LOCATION + "/vmSizes")
async def list_sizes(call: Call) -> Response:
    """The older list of sizes."""
    location = _region(call)
    return reply({"value": [skus.vm_size(s) for s in skus.SIZES.values() if location not in s.restricted]})


def _region(call: Call) -> str:
    location = normal_location(call.path["location"])
    if location not in REGIONS:
        raise ArmError(
            404,
            "NoRegisteredProviderFound",
            f"No registered resource provider found for location '{location}' and API version "
            f"'{call.api_version}'. "
            f"The supported locations are '{', '.join(REGIONS)}'.",
        )
    return location


def _place(call: Call, *parts: str) -> str:
    tail = "/".join(parts)
    return (
        f"/Subscriptions/{call.path['sub']}/Providers/Microsoft.Compute/Locations/{call.path['location']}"
        f"/Publishers/{tail}"
    )


def _named(call: Call, names: Iterable[str], *parts: str) -> Response:
    """A bare array, as the marketplace answers; 404 when the parent has nothing."""
    found = list(dict.fromkeys(names))
    if not found:
        raise _artifact_not_found()
    location = _region(call)
    return reply([{"location": location, "name": name, "id": _place(call, *parts, name)} for name in found])


def _artifact_not_found() -> ArmError:
    """[seen: azvmimagebuilder#80]."""
    return ArmError(404, "NotFound", "Artifact: VMImage was not found.")


@route("GET", _LOCATION + "/publishers")
async def list_publishers(call: Call) -> Response:
    """All publishers."""
    return _named(call, (image.publisher for image in call.world.guests.images()))


@route("GET", _OFFERS)
async def list_offers(call: Call) -> Response:
    """A publisher's offers."""
    publisher = call.path["publisher"]
    found = [i for i in call.world.guests.images() if i.publisher.lower() == publisher.lower()]
    return _named(call, (i.offer for i in found), publisher, "ArtifactTypes", "VMImage", "Offers")


@route("GET", _OFFERS + "/{offer}/skus")
async def list_image_skus(call: Call) -> Response:
    """An offer's SKUs."""
    publisher, offer = call.path["publisher"], call.path["offer"]
    wanted = (publisher.lower(), offer.lower())
    found = [i for i in call.world.guests.images() if (i.publisher.lower(), i.offer.lower()) == wanted]
    return _named(
        call, (i.sku for i in found), publisher, "ArtifactTypes", "VMImage", "Offers", offer, "Skus"
    )


def _version_parts(call: Call) -> tuple[str, ...]:
    return (
        call.path["publisher"],
        "ArtifactTypes",
        "VMImage",
        "Offers",
        call.path["offer"],
        "Skus",
        call.path["sku"],
        "Versions",
    )


@route("GET", _VERSIONS)
async def list_versions(call: Call) -> Response:
    """A SKU's versions, the oldest first; clients find the latest by `$orderby=name desc` and `$top`.

    `$expand=properties` gives each as `get_version` does, `$expand=properties/NAME` that property of it.
    """
    expand, _, wanted = call.query.get("$expand", "").partition("/")
    if expand.lower() not in ("", "properties"):
        raise not_implemented(f"lists of marketplace versions expanded by '{call.query['$expand']}'")
    found = marketplace_versions(call.world, call.path["publisher"], call.path["offer"], call.path["sku"])
    if call.query.get("$orderby", "").lower() == "name desc":
        found = found[::-1]
    top = call.query.get("$top", "")
    found = found[: int(top)] if top.isdigit() else found
    if expand and found:
        return reply([_expanded(_version(call, image), wanted) for image in found])
    return _named(call, [image.version for image in found], *_version_parts(call))


@route("GET", _VERSIONS + "/{version}")
async def get_version(call: Call) -> Response:
    """One version: what a machine made of it will be."""
    found = marketplace_versions(call.world, call.path["publisher"], call.path["offer"], call.path["sku"])
    image = next((one for one in found if one.version == call.path["version"]), None)
    if image is None:
        raise _artifact_not_found()
    return reply(_version(call, image))


def _expanded(version: dict[str, Any], wanted: str) -> dict[str, Any]:
    if not wanted:
        return version
    kept = {name: value for name, value in version["properties"].items() if name.lower() == wanted.lower()}
    return version | {"properties": kept}


def _version(call: Call, image: MarketplaceImage) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "hyperVGeneration": image.generation,
        "architecture": "x64",
        "osDiskImage": {"operatingSystem": image.os_type, "sizeInGb": image.size_gb},
        "dataDiskImages": [],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        "disallowed": {"vmDiskType": "Unmanaged"},
        "features": [{"name": "IsAcceleratedNetworkSupported", "value": "True"}],
        "imageDeprecationStatus": {"imageState": "Active"},
    }
    place = _place(call, *_version_parts(call), image.version)
    return {"location": _region(call), "name": image.version, "id": place, "properties": properties}
