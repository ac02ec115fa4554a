"""How services read JSON: a null is a member that was left out, and enumerations are compared without case.

Clients rely on both: one command line sends `"name": null` and `fromImage`. Answers have our own spelling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def without_nulls(given: Any) -> Any:
    """The same without members that are null, at every depth."""
    if isinstance(given, dict):
        return {name: without_nulls(value) for name, value in given.items() if value is not None}
    if isinstance(given, list):
        return [without_nulls(item) for item in given]
    return given


def spelled(given: Any, enumerations: Mapping[str, tuple[str, ...]]) -> Any:
    """The same with known values of the named members in their own spelling; unknown ones stay."""
    if isinstance(given, dict):
        return {
            name: _spelled(value, enumerations[name])
            if name in enumerations
            else spelled(value, enumerations)
            for name, value in given.items()
        }
    if isinstance(given, list):
        return [spelled(item, enumerations) for item in given]
    return given


def _spelled(value: Any, values: tuple[str, ...]) -> Any:
    if not isinstance(value, str):
        return value
    return next((known for known in values if known.lower() == value.lower()), value)
