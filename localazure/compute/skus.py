"""Sizes of virtual machines, as `resourceSkus` lists them, and the quotas they count against."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localazure.arm.envelope import REGIONS
from localazure.compute import errors

if TYPE_CHECKING:
    from localazure.arm.world import World

MACHINES = "Microsoft.Compute/virtualMachines"


@dataclass(frozen=True)
class Size:
    """One size; figures as Azure publishes them."""

    name: str
    family: str
    cores: int
    memory_gb: float
    data_disks: int
    resource_disk_mb: int
    generations: str = "V1,V2"
    premium: bool = True
    trusted_launch: bool = True
    architecture: str = "x64"
    restricted: tuple[str, ...] = ()
    """Regions closed to this subscription."""


def _series(pattern: str, family: str, cores: tuple[int, ...], ratio: float, **more: Any) -> Iterator[Size]:
    for count in cores:
        disks = min(32, count * 2 if count > 2 else 4)
        yield Size(pattern.format(count), family, count, count * ratio, disks, 0, **more)


SIZES: dict[str, Size] = {
    size.name.lower(): size
    for size in (
        Size("Standard_B1s", "standardBSFamily", 1, 1, 2, 4096, trusted_launch=True),
        Size("Standard_B1ms", "standardBSFamily", 1, 2, 2, 4096),
        Size("Standard_B2s", "standardBSFamily", 2, 4, 4, 8192),
        Size("Standard_B2ms", "standardBSFamily", 2, 8, 4, 16384),
        Size("Standard_DS1_v2", "standardDSv2Family", 1, 3.5, 4, 7168),
        Size("Standard_DS2_v2", "standardDSv2Family", 2, 7, 8, 14336),
        Size(
            "Standard_A1_v2", "standardAv2Family", 1, 2, 2, 10240, "V1", premium=False, trusted_launch=False
        ),
        *_series("Standard_D{}s_v3", "standardDSv3Family", (2, 4, 8, 16, 32, 64), 4),
        *_series("Standard_D{}s_v5", "standardDSv5Family", (2, 4, 8, 16, 32, 64), 4),
        *_series("Standard_E{}s_v5", "standardESv5Family", (2, 4, 8, 16, 32, 64), 8),
        *_series("Standard_F{}s_v2", "standardFSv2Family", (2, 4, 8, 16, 32), 2),
        *_series(
            "Standard_D{}ps_v5",
            "standardDPSv5Family",
            (2, 4, 8),
            4,
            generations="V2",
            trusted_launch=False,
            architecture="Arm64",
        ),
        Size(
            "Standard_M128s",
            "standardMSFamily",
            128,
            2048,
            64,
            4096000,
            restricted=tuple(REGIONS),
            trusted_launch=False,
        ),
    )
}

LIMITS = {"cores": 100, "virtualMachines": 25000, "availabilitySets": 2500}
"""Quotas of every region; a family without its own has the regional one's limit."""
_FAMILY_LIMIT = 100


def capabilities(size: Size) -> list[dict[str, str]]:
    """What a size can, in Azure's names and spelling of values."""
    pairs: dict[str, Any] = {
        "MaxResourceVolumeMB": size.resource_disk_mb,
        "OSVhdSizeMB": 1047552,
        "vCPUs": size.cores,
        "MemoryPreservingMaintenanceSupported": True,
        "HyperVGenerations": size.generations,
        "MemoryGB": f"{size.memory_gb:g}",
        "MaxDataDiskCount": size.data_disks,
        "CpuArchitectureType": size.architecture,
        "LowPriorityCapable": True,
        "PremiumIO": size.premium,
        "VMDeploymentTypes": "IaaS",
        "vCPUsAvailable": size.cores,
        "vCPUsPerCore": 1 if size.architecture == "Arm64" else 2,
        "EphemeralOSDiskSupported": False,
        "EncryptionAtHostSupported": True,
        "CapacityReservationSupported": False,
        "AcceleratedNetworkingEnabled": size.cores > 1,
        "RdmaEnabled": False,
        "MaxNetworkInterfaces": 2 if size.cores < 8 else 4,
    }
    if not size.trusted_launch:
        pairs["TrustedLaunchDisabled"] = True
    return [{"name": name, "value": str(value)} for name, value in pairs.items()]


def sku(size: Size, location: str) -> dict[str, Any]:
    """A size in a region as `resourceSkus` shows it."""
    restrictions = []
    if location in size.restricted:
        restrictions.append(
            {
                "type": "Location",
                "values": [location],
                "restrictionInfo": {"locations": [location]},
                "reasonCode": "NotAvailableForSubscription",
            }
        )
    tier, short = size.name.split("_", 1)
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": tier,
        "size": short,
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": capabilities(size),
        "restrictions": restrictions,
    }


def vm_size(size: Size) -> dict[str, Any]:
    """A size as the older `vmSizes` shows it."""
    return {
        "name": size.name,
        "numberOfCores": size.cores,
        "osDiskSizeInMB": 1047552,
        "resourceDiskSizeInMB": size.resource_disk_mb,
        "memoryInMB": int(size.memory_gb * 1024),
        "maxDataDiskCount": size.data_disks,
    }


def find(name: Any, location: str, vm_id: str) -> Size:
    """The size a machine asks for, if the region has it for this subscription."""
    size = SIZES.get(str(name).lower())
    if size is None:
        raise errors.vm_size(name, [one.name for one in SIZES.values()])
    if location in size.restricted:
        raise errors.sku_not_available(vm_id, size.name, location)
    return size


@dataclass(frozen=True)
class Usage:
    """One quota and how much of it is used."""

    name: str
    localized: str
    current: int
    limit: int

    def shown(self) -> dict[str, Any]:
        """As `usages` shows it."""
        return {
            "limit": self.limit,
            "unit": "Count",
            "currentValue": self.current,
            "name": {"value": self.name, "localizedValue": self.localized},
        }


def _sizes_in_use(world: World, subscription: str, location: str) -> list[Size]:
    machines = world.store.list(MACHINES, subscription=subscription)
    return [
        SIZES[vm["properties"]["hardwareProfile"]["vmSize"].lower()]
        for vm in machines
        if vm["location"] == location
    ]


def usages(world: World, subscription: str, location: str) -> list[Usage]:
    """All quotas of a region. Deallocated machines count (documented): their cores are still theirs."""
    used = _sizes_in_use(world, subscription, location)
    found = [
        Usage("availabilitySets", "Availability Sets", 0, LIMITS["availabilitySets"]),
        Usage("cores", "Total Regional vCPUs", sum(size.cores for size in used), LIMITS["cores"]),
        Usage("virtualMachines", "Virtual Machines", len(used), LIMITS["virtualMachines"]),
    ]
    for family in dict.fromkeys(size.family for size in SIZES.values()):
        current = sum(size.cores for size in used if size.family == family)
        found.append(Usage(family, f"{_words(family)} vCPUs", current, _FAMILY_LIMIT))
    return found


def _words(family: str) -> str:
    """`standardDSv5Family` as the portal says it: `Standard DSv5 Family`."""
    middle = family.removeprefix("standard").removesuffix("Family")
    return re.sub(r"\s+", " ", f"Standard {middle} Family")


def check_quota(world: World, subscription: str, location: str, size: Size, freed: int = 0) -> None:
    """Refuse a machine that would exceed the region's or its family's cores."""
    for usage in usages(world, subscription, location):
        if usage.name in ("cores", size.family) and usage.current - freed + size.cores > usage.limit:
            kind = "Total Regional Cores" if usage.name == "cores" else f"{size.family} Cores"
            raise errors.quota_exceeded(kind, location, usage.limit, usage.current - freed, size.cores)
