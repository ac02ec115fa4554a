"""Arguments of functions: one of the type that the function takes, or ARM's refusal."""

from __future__ import annotations

import json
from typing import Any

from .errors import wrong_type


def text(name: str, given: Any) -> str:
    """A string."""
    if not isinstance(given, str):
        raise wrong_type(name, "String", given)
    return given


def integer(name: str, given: Any) -> int:
    """An integer (`true` is none)."""
    if not isinstance(given, int) or isinstance(given, bool):
        raise wrong_type(name, "Integer", given)
    return given


def boolean(name: str, given: Any) -> bool:
    """A boolean."""
    if not isinstance(given, bool):
        raise wrong_type(name, "Boolean", given)
    return given


def array(name: str, given: Any) -> list[Any]:
    """An array."""
    if not isinstance(given, list):
        raise wrong_type(name, "Array", given)
    return given


def mapping(name: str, given: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(given, dict):
        raise wrong_type(name, "Object", given)
    return given


def shown(given: Any) -> str:
    """A value as `string` and `format` write it: text as it is, `True`, numbers, anything else as JSON."""
    if isinstance(given, str):
        return given
    if given is None:
        return ""
    if isinstance(given, bool):
        return "True" if given else "False"
    if isinstance(given, int | float):
        return str(given)
    return json.dumps(given, separators=(",", ":"))


def same(one: Any, other: Any) -> bool:
    """Equality by type and value: `1` is not `true`, and strings compare with their case."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other)
