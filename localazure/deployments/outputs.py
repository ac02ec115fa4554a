"""Outputs: evaluated when everything is deployed, checked against their types; secure ones by type alone."""

from __future__ import annotations

from typing import Any

from .errors import invalid_output
from .language.errors import TemplateError, type_name
from .language.evaluate import loop_scopes, value_of
from .language.registry import Scope
from .parameters import TYPES, check_type, is_secure
from .planning import Plan
from .template import Json


def evaluate_outputs(plan: Plan) -> Json:
    """Every output whose condition holds, as a deployment shows them."""
    found: Json = {}
    for name, declared in plan.outputs.items():
        try:
            if declared.get("condition") is None or value_of(declared["condition"], plan.scope) is True:
                found[name] = _output(name, declared, plan.scope)
        except TemplateError as error:
            raise invalid_output(name, error) from None
    return found


def _output(name: str, declared: Json, scope: Scope) -> Json:
    kind = str(declared["type"]).lower()
    if kind not in TYPES:
        raise TemplateError(f"the type '{declared['type']}' is not valid")
    value = _value(name, declared, scope)
    if not check_type(value, kind) and not (value is None and declared.get("nullable") is True):
        raise TemplateError(
            f"Template output JToken type is not valid. Expected '{TYPES[kind][1]}'. Actual "
            f"'{type_name(value)}'. "
            "Please see https://aka.ms/arm-template/#outputs for usage details"
        )
    shown: Json = {"type": TYPES[kind][0]}
    return shown if is_secure(declared) else shown | {"value": value}


def _value(name: str, declared: Json, scope: Scope) -> Any:
    loop = declared.get("copy")
    if loop is None:
        return value_of(declared.get("value"), scope)
    return [value_of(loop["input"], inner) for inner in loop_scopes(name, loop["count"], scope)]
