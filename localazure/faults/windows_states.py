"""The failures of the modelled Windows guest as named faults: their files are their only description."""

from __future__ import annotations

from typing import Any

from localazure.guests.windows.failures import Failure, failures


def windows_faults() -> dict[str, tuple[str, tuple[dict[str, Any], ...]]]:
    """Manual and settings by name."""
    return {one.name: (one.manual, (_settings(one),)) for one in failures().values()}


def _settings(failure: Failure) -> dict[str, Any]:
    """What Sysprep itself meets comes about when it begins: looks taken before have found nothing."""
    return {
        "operation": "GUEST start",
        "kind": "windows-state",
        "data": {"state": failure.name, "moment": failure.moment},
    }
