"""The api-versions that the factory speaks: here and nowhere else, sent with every call.

An SDK release speaks the newest versions, which reach sovereign clouds, Azure Stack and some regions weeks
later, and a default that moves with a dependency update is a change of the wire that nobody reviewed. So
each is pinned one published step behind azure-mgmt-compute 39, -network 33.1 and -resource 26. What needs
them at the least: restore points with a consistency mode 2021-07-01, versions from `virtualMachineId`
2023-07-03, Run Command v2 2021-03-01, deleteOption 2021-03-01.

`GOLDEN_API_VERSIONS` ("compute=2026-04-01,disks=2026-03-02") moves them for one environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from factory.errors import InvalidInput


@dataclass(frozen=True)
class ApiVersions:
    """One version for each resource provider (Microsoft.Compute has four, released apart)."""

    compute: str = "2026-03-01"
    disks: str = "2025-01-02"
    galleries: str = "2025-12-03"
    skus: str = "2021-07-01"
    network: str = "2026-01-01"
    resources: str = "2024-11-01"
    locks: str = "2020-05-01"

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "ApiVersions":
        """Read the overrides; `InvalidInput` for a name that is not one of ours."""
        pairs = [
            pair.partition("=") for pair in env.get("GOLDEN_API_VERSIONS", "").split(",") if pair.strip()
        ]
        chosen = {name.strip(): version.strip() for name, _, version in pairs}
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(chosen) - known):
            raise InvalidInput(
                f"GOLDEN_API_VERSIONS names {', '.join(unknown)}", remedy=f"use: {', '.join(sorted(known))}"
            )
        return replace(cls(), **chosen)

    def of(self, method: Callable[..., object]) -> str:
        """Return the version for a bound method of an SDK operation group."""
        group = type(getattr(method, "__self__", None)).__name__
        try:
            return str(getattr(self, _BY_OPERATIONS[group]))
        except KeyError:
            raise InvalidInput(f"no api-version is pinned for {group}: add it to api_versions.py") from None

    def of_type(self, resource_type: str) -> str:
        """Return the version for a resource type, for calls by resource id."""
        provider, _, kind = resource_type.lower().partition("/")
        if provider == "microsoft.compute":
            return str(getattr(self, _COMPUTE_TYPES.get(kind.partition("/")[0], "compute")))
        if provider == "microsoft.network":
            return self.network
        if provider == "microsoft.resources":
            return self.resources
        if provider == "microsoft.authorization":
            return self.locks
        raise InvalidInput(f"no api-version is pinned for {resource_type}: add it to api_versions.py")


_COMPUTE_TYPES = {"disks": "disks", "snapshots": "disks", "galleries": "galleries"}
_BY_OPERATIONS = {
    "VirtualMachinesOperations": "compute",
    "VirtualMachineExtensionsOperations": "compute",
    "VirtualMachineRunCommandsOperations": "compute",
    "VirtualMachineImagesOperations": "compute",
    "ImagesOperations": "compute",
    "RestorePointCollectionsOperations": "compute",
    "RestorePointsOperations": "compute",
    "UsageOperations": "compute",
    "DisksOperations": "disks",
    "DiskRestorePointOperations": "disks",
    "SnapshotsOperations": "disks",
    "GalleriesOperations": "galleries",
    "GalleryImagesOperations": "galleries",
    "GalleryImageVersionsOperations": "galleries",
    "ResourceSkusOperations": "skus",
}
