"""Parameters: what the request gives against what the template declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from localazure.arm.errors import not_implemented

from .language.errors import TemplateError, type_name
from .language.evaluate import check, value_of
from .language.registry import Scope, Surroundings
from .language.values import same
from .lazy import LazyValues
from .template import Json, Template

_SEE = "Please see https://aka.ms/arm-create-parameter-file for usage details."
TYPES: dict[str, tuple[str, str, type]] = {
    "string": ("String", "String, Uri", str),
    "securestring": ("SecureString", "String, Uri", str),
    "int": ("Int", "Integer", int),
    "bool": ("Bool", "Boolean", bool),
    "object": ("Object", "Object", dict),
    "secureobject": ("SecureObject", "Object", dict),
    "array": ("Array", "Array", list),
}
"""ARM's name of each type in answers, in messages, and what it is here."""


def is_secure(declared: Mapping[str, Any]) -> bool:
    """Whether values of this type are never shown."""
    return str(declared["type"]).lower().startswith("secure")


def check_type(value: Any, kind: str) -> bool:
    """Whether a value is of a declared type (`true` is no integer)."""
    wanted = TYPES[kind.lower()][2]
    return isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))


def read_parameters(template: Template, given: Any, surroundings: Surroundings) -> dict[str, Any]:
    """The value of every parameter by its declared name; TemplateError when one is missing or not allowed."""
    for name, declared in template.parameters.items():
        _check_declaration(name, declared)
    values = _given(template, given)
    lazy = LazyValues("parameter")
    scope = Scope(surroundings, parameters=lazy, place="default")
    for name, declared in template.parameters.items():
        if name.lower() in values:
            lazy.add(name, partial(values.__getitem__, name.lower()))
        elif "defaultValue" in declared:
            check(declared["defaultValue"], "default")
            lazy.add(name, partial(value_of, declared["defaultValue"], scope))
        elif declared.get("nullable") is True:
            lazy.add(name, lambda: None)
        else:
            raise TemplateError(f"The value for the template parameter '{name}' is not provided. {_SEE}")
    found = {name: lazy[name.lower()] for name in template.parameters}
    for name, declared in template.parameters.items():
        _check_value(name, declared, found[name])
    return found


def _given(template: Template, given: Any) -> Json:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise TemplateError("Error converting value to type 'JObject'. Path 'properties.parameters'")
    known = {name.lower() for name in template.parameters}
    strange = [name for name in given if name.lower() not in known]
    if strange:
        raise TemplateError(
            f"The template parameters '{', '.join(strange)}' in the parameters file are not valid; they "
            "are not "
            "present in the original template and can therefore not be provided at deployment time. The only "
            f"supported parameters for this template are '{', '.join(template.parameters)}'. Please see "
            "https://aka.ms/arm-pass-parameter-values for usage details."
        )
    return {name.lower(): _value(name, one) for name, one in given.items()}


def _value(name: str, given: Any) -> Any:
    if isinstance(given, dict) and given.get("reference") is not None:
        raise not_implemented("parameters taken from a key vault")
    if not isinstance(given, dict) or "value" not in given:
        raise TemplateError(f"The value for the template parameter '{name}' is not provided. {_SEE}")
    return given["value"]


def _check_declaration(name: str, declared: Json) -> None:
    if str(declared["type"]).lower() not in TYPES:
        raise TemplateError(
            f"The template parameter '{name}' is not valid: the type '{declared['type']}' is not one of "
            f"'{', '.join(shown for shown, _, _ in TYPES.values())}'. Please see "
            "https://aka.ms/arm-template/#parameters for usage details."
        )
    allowed = declared.get("allowedValues")
    if allowed is not None and not isinstance(allowed, list):
        raise TemplateError(
            f"Error converting value to type 'JArray'. Path 'parameters.{name}.allowedValues'"
        )


def _check_value(name: str, declared: Json, value: Any) -> None:
    if value is None and declared.get("nullable") is True:
        return
    if not check_type(value, declared["type"]):
        expected = TYPES[str(declared["type"]).lower()][1]
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. Expected a value of type "
            f"'{expected}', but received a value of type '{type_name(value)}'. {_SEE}"
        )
    allowed = declared.get("allowedValues")
    if allowed is not None and not _is_allowed(value, allowed):
        listed = ",".join(str(one) for one in allowed)
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. The value "
            f"'{'' if is_secure(declared) else value}' is not part of the allowed value(s): '{listed}'."
        )
    _check_limits(name, declared, value)


def _is_allowed(value: Any, allowed: list[Any]) -> bool:
    """One of the allowed values, or for an array a part of them."""
    if any(_alike(value, one) for one in allowed):
        return True
    return isinstance(value, list) and all(any(_alike(item, one) for one in allowed) for item in value)


def _alike(value: Any, one: Any) -> bool:
    if isinstance(value, str) and isinstance(one, str):
        return value.lower() == one.lower()
    return same(value, one)


def _check_limits(name: str, declared: Json, value: Any) -> None:
    size = len(value) if isinstance(value, str | list) else None
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    for limit, measured, what in (
        ("minLength", size, "Length of the value should be greater than or equal to"),
        ("maxLength", size, "Length of the value should be less than or equal to"),
        ("minValue", number, "The value must be greater than or equal to"),
        ("maxValue", number, "The value must be less than or equal to"),
    ):
        bound = declared.get(limit)
        if bound is None or measured is None or not isinstance(bound, int):
            continue
        if (measured < bound) if limit.startswith("min") else (measured > bound):
            raise TemplateError(
                f"The provided value for the template parameter '{name}' is not valid. {what} '{bound}'. "
                f"{_SEE}"
            )


def shown(template: Template, values: Mapping[str, Any]) -> Json:
    """Parameters as a deployment shows them: secure ones by type alone."""
    found: Json = {}
    for name, declared in template.parameters.items():
        entry: Json = {"type": TYPES[str(declared["type"]).lower()][0]}
        if not is_secure(declared):
            entry["value"] = values[name]
        found[name] = entry
    return found
