"""VM sizes and quota: what this subscription may have in a location."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.azure.client import Azure
from factory.azure.wire import Json, dig, plain


@dataclass(frozen=True)
class SizeOffer:
    """A VM size in a location. `reason` says in a sentence why it is not `available`.

    `capabilities` are Azure's words: vCPUs, MemoryGB, HyperVGenerations ("V1,V2"), CpuArchitectureType,
    TrustedLaunchDisabled, ...
    """

    name: str
    location: str
    available: bool
    reason: str | None = None
    zones: tuple[str, ...] = ()
    family: str | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """One quota of a location."""

    name: str
    current: int
    limit: int

    @property
    def left(self) -> int:
        """How many more there may be."""
        return self.limit - self.current


async def sku_available(azure: Azure, location: str, size: str) -> SizeOffer:
    """Tell whether a VM size can be had in a location, and in which zones. Raises `AuthorizationFailed`."""
    found = await azure.collect(
        f"list VM sizes of {location}", azure.compute.resource_skus.list, filter=f"location eq '{location}'"
    )
    skus = [plain(model) for model in found]
    matching = [sku for sku in skus if _is_size(sku, size)]
    if not matching:
        return SizeOffer(size, location, available=False, reason=f"{size} is not a VM size of {location}")
    return read_offer(matching[0], location)


async def usages(azure: Azure, location: str) -> dict[str, Usage]:
    """Return the quotas of a location by name: cores, virtualMachines, standardDSv5Family, ..."""
    found = await azure.collect(f"list usages of {location}", azure.compute.usage.list, location)
    read = [_read_usage(plain(model)) for model in found]
    return {usage.name: usage for usage in read}


def read_offer(sku: Json, location: str) -> SizeOffer:
    """Judge one entry of Azure's list: a restriction of the location bars it, one of zones narrows it."""
    restrictions: Sequence[Any] = sku.get("restrictions") or ()
    barred = [one for one in restrictions if one.get("type") == "Location"]
    closed = {zone for one in restrictions for zone in dig(one, "restrictionInfo", "zones") or ()}
    info: Json = next(iter(sku.get("locationInfo") or ()), {})
    return SizeOffer(
        name=sku["name"],
        location=location,
        available=not barred,
        reason=f"{sku['name']} cannot be had in {location}: {barred[0].get('reasonCode')}"
        if barred
        else None,
        zones=tuple(sorted(set(info.get("zones") or ()) - closed)),
        family=sku.get("family"),
        capabilities={entry["name"]: entry["value"] for entry in sku.get("capabilities") or ()},
    )


def _is_size(sku: Json, size: str) -> bool:
    return sku.get("resourceType") == "virtualMachines" and str(sku.get("name")).lower() == size.lower()


def _read_usage(body: Json) -> Usage:
    return Usage(name=dig(body, "name", "value") or "", current=body["currentValue"], limit=body["limit"])
