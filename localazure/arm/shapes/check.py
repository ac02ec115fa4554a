"""Bodies held against the shapes, before a service reads them.

A service that looks up the members it knows would pass over a misspelt one in silence; Azure's refuses it.
Nothing here asks whether values make sense together: that stays with the services.
"""

from __future__ import annotations

import json
from typing import Any

from localazure.arm.errors import ArmError, invalid_parameter
from localazure.arm.shapes.notation import ENUMERATIONS, RESOURCES, SHAPES

_TYPES: dict[str, tuple[type, str]] = {
    "str": (str, "System.String"),
    "int": (int, "System.Int32"),
    "num": (float, "System.Double"),
    "bool": (bool, "System.Boolean"),
}


def check_body(kind: str, body: dict[str, Any]) -> None:
    """Refuse a body of this resource type with a member, a value or a gap that its shape does not have.

    Members of the envelope that the shape does not name are the resource manager's, not looked at here.
    """
    for name, member in RESOURCES.get(kind.lower(), {}).items():
        if body.get(name) is not None:
            _check(member.spec, body[name], name, name)


def _check(spec: str, value: Any, path: str, label: str) -> None:
    """`path` is where the value stands; `label` is what compute calls it: parent and member."""
    if spec == "-":
        return
    if spec.startswith("[]"):
        _check_list(spec[2:], value, path, label)
    elif spec.startswith("{}"):
        _check_map(spec[2:], value, path, label)
    elif spec.startswith("@"):
        _check_choice(spec[1:], value, path, label)
    elif spec in _TYPES:
        _check_scalar(spec, value, path)
    else:
        _check_shape(spec, value, path)


def _check_list(spec: str, value: Any, path: str, label: str) -> None:
    if not isinstance(value, list):
        raise _unconvertible(value, f"System.Collections.Generic.List`1[{_named(spec)}]", path)
    for index, item in enumerate(value):
        _check(spec, item, f"{path}[{index}]", label)


def _check_map(spec: str, value: Any, path: str, label: str) -> None:
    if not isinstance(value, dict):
        raise _unconvertible(value, f"System.Collections.Generic.Dictionary`2[{_named(spec)}]", path)
    for name, item in value.items():
        if item is not None:
            _check(spec, item, f"{path}.{name}", label)


def _check_choice(name: str, value: Any, path: str, label: str) -> None:
    """Without case: clients write `fromImage`."""
    if not isinstance(value, str):
        raise _unconvertible(value, _named(f"@{name}"), path)
    if value.lower() not in ENUMERATIONS[name]:
        raise invalid_parameter(f"The value of parameter {label} is invalid.", target=label)


def _check_scalar(spec: str, value: Any, path: str) -> None:
    kind, name = _TYPES[spec]
    fits = isinstance(value, (int, float) if kind is float else kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise _unconvertible(value, name, path)
    if kind is int and not -(1 << 63) <= value < 1 << 63:
        raise _unconvertible(value, name, path)


def _check_shape(spec: str, value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _unconvertible(value, _named(spec), path)
    known, owner = SHAPES[spec], _owner(path)
    for name in value:
        if name not in known:
            raise unknown_member(name, spec, f"{path}.{name}")
    for name, member in known.items():
        label = f"{owner}.{name}" if owner else name
        if value.get(name) is not None:
            _check(member.spec, value[name], f"{path}.{name}", label)
        elif member.required:
            raise invalid_parameter(f"Required parameter '{label}' is missing (null).", target=label)


def _owner(path: str) -> str:
    """`properties.storageProfile.dataDisks[0]` is a `dataDisk`; what is in `properties` has no owner."""
    last = path.rsplit(".", 1)[-1]
    if last.endswith("]"):
        return last.partition("[")[0].removesuffix("s")
    return "" if last == "properties" else last


def _named(spec: str) -> str:
    return _TYPES[spec][1] if spec in _TYPES else spec.lstrip("@[]{}")


def unknown_member(name: str, owner: str, path: str) -> ArmError:
    """[seen: azure-quickstart-templates#2334; code and names of types assumed] A member nobody knows."""
    return invalid_parameter(
        f"Could not find member '{name}' on object of type '{owner}'. Path '{path}'.", target=name
    )


def _unconvertible(value: Any, kind: str, path: str) -> ArmError:
    """[assumed, in the manner of Azure's JSON reader] A value of another type."""
    shown = json.dumps(value)
    return invalid_parameter(
        f"Error converting value {shown if len(shown) <= 80 else shown[:77] + '...'} to type '{kind}'. "
        f"Path '{path}'.",
        target=path,
    )
