"""The rate-limit headers. Counted, never enforced: clients and benchmarks see what Azure would have counted.

Groups and sizes of compute are recorded; the sizes drift with Azure's own tuning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .ids import ResourceId

# type, verb -> group, remaining in 3 and in 30 minutes (recorded)
_COMPUTE: dict[tuple[str, str], tuple[str, int, int]] = {
    ("disks", "PUT"): ("CreateUpdateDisks", 1000, 8000),
    ("disks", "PATCH"): ("CreateUpdateDisks", 1000, 8000),
    ("disks", "DELETE"): ("DeleteDisks", 3000, 24000),
    ("disks", "GET"): ("LowCostGet", 15000, 120000),
    ("disks", "POST"): ("HighCostDiskHydrate", 1000, 8000),
    ("snapshots", "PUT"): ("HighCostSnapshotCreateHydrate", 1000, 8000),
    ("snapshots", "PATCH"): ("CreateUpdateDisks", 1000, 8000),
    ("snapshots", "POST"): ("HighCostSnapshotCreateHydrate", 1000, 8000),
    ("snapshots", "DELETE"): ("DeleteDisks", 3000, 24000),
    ("snapshots", "GET"): ("LowCostGet", 15000, 120000),
    ("images", "PUT"): ("CreateImages", 40, 200),
    ("images", "PATCH"): ("CreateImages", 40, 200),
    ("images", "GET"): ("GetImages", 360, 1800),
    ("images", "DELETE"): ("DeleteImages", 120, 600),
    ("galleries", "PUT"): ("CreateUpdateGallery", 50, 300),
    ("galleries", "PATCH"): ("CreateUpdateGallery", 50, 300),
    ("galleries", "DELETE"): ("DeleteGallery", 50, 300),
    ("galleries", "GET"): ("GetGallery", 350, 2500),
    ("galleries/images", "PUT"): ("CreateUpdateGalleryImage", 150, 750),
    ("galleries/images", "PATCH"): ("CreateUpdateGalleryImage", 150, 750),
    ("galleries/images", "DELETE"): ("DeleteGalleryImage", 50, 300),
    ("galleries/images", "GET"): ("GetGalleryImage", 600, 3000),
    ("galleries/images/versions", "PUT"): ("CreateUpdateGalleryImageVersion", 375, 1200),
    ("galleries/images/versions", "PATCH"): ("CreateUpdateGalleryImageVersion", 375, 1200),
    ("galleries/images/versions", "DELETE"): ("DeleteGalleryImageVersion", 150, 1000),
    ("galleries/images/versions", "GET"): ("GetGalleryImageVersion", 2000, 10000),
    ("virtualmachines", "PUT"): ("UpdateVM", 240, 1200),
    ("virtualmachines", "PATCH"): ("UpdateVM", 240, 1200),
    ("virtualmachines", "POST"): ("UpdateVM", 240, 1200),
    ("virtualmachines", "DELETE"): ("DeleteVM", 240, 1200),
    ("locations/operations", "GET"): ("GetOperation", 15000, 30000),
    ("locations/diskoperations", "GET"): ("GetOperation", 50000, 400000),
    ("locations/capsoperations", "GET"): ("GetOperationStatus", 1200, 4200),
}
_SUBSCRIPTION = {"GET": ("reads", 12000), "HEAD": ("reads", 12000), "DELETE": ("deletes", 15000)}


def group_of(method: str, path: str) -> tuple[str, int]:
    """The group of compute's operations that a call is counted in, and its limit in three minutes."""
    kinds = path.lower().partition("/microsoft.compute/")[2].split("/")[::2]
    for count in range(len(kinds), 0, -1):  # an action counts with what it acts on
        if (found := _COMPUTE.get(("/".join(kinds[:count]), method))) is not None:
            return found[0], found[1]
    return ("LowCostGet", 15000) if method == "GET" else ("UpdateVM", 240)


@dataclass
class _Window:
    seconds: int
    began: float = 0.0
    used: int = 0

    def take(self, now: float) -> int:
        if now - self.began >= self.seconds:
            self.began, self.used = now, 0
        self.used += 1
        return self.used


@dataclass
class Limits:
    """Counts requests in windows, as the headers show them."""

    windows: dict[str, _Window] = field(default_factory=dict)

    def headers(self, method: str, rid: ResourceId | None, now: float) -> dict[str, str]:
        """The headers for one request at a monotonic time."""
        if rid is not None and (rid.provider or "").lower() == "microsoft.compute":
            kind = "/".join(rid.types).lower()
            found = _COMPUTE.get((kind, method)) or ("LowCostGet" if method == "GET" else "", 15000, 120000)
            headers = self._compute(*found, now) if found[0] else {}
            return headers if method == "GET" else headers | self._subscription(method, now)
        return self._subscription(method, now)

    def _compute(self, group: str, short: int, long: int, now: float) -> dict[str, str]:
        three, thirty = (
            self._left(f"{group}3Min", short, 180, now),
            self._left(f"{group}30Min", long, 1800, now),
        )
        text = f"Microsoft.Compute/{group}3Min;{three},Microsoft.Compute/{group}30Min;{thirty}"
        return {"x-ms-ratelimit-remaining-resource": text}

    def _subscription(self, method: str, now: float) -> dict[str, str]:
        name, limit = _SUBSCRIPTION.get(method, ("writes", 1200))
        return {f"x-ms-ratelimit-remaining-subscription-{name}": str(self._left(name, limit, 3600, now))}

    def _left(self, name: str, limit: int, seconds: int, now: float) -> int:
        return max(0, limit - self.windows.setdefault(name, _Window(seconds)).take(now))
