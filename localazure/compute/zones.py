"""Availability zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localazure.compute import errors

if TYPE_CHECKING:
    from localazure.arm.store import Document


def check_zones(doc: Document, kind: str, *, most: int = 3) -> None:
    """Zones that the region has; a machine is in one of them at most."""
    zones = doc.get("zones")
    if zones is not None and (not set(zones) <= {"1", "2", "3"} or len(zones) > most):
        raise errors.zone_unsupported(kind, doc["name"], zones, doc["location"])
