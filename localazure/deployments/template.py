"""Templates as they come in: the members that ARM knows, and 501 for the parts we do not carry out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from localazure.arm.errors import not_implemented

from .language.errors import TemplateError

Json = dict[str, Any]

_MEMBERS = frozenset(
    (
        *(
            "$schema",
            "contentVersion",
            "languageVersion",
            "apiProfile",
            "definitions",
            "metadata",
            "functions",
        ),
        *("parameters", "variables", "resources", "outputs", "imports", "extensions", "scope"),
    )
)
_ELSEWHERE = ("languageVersion", "apiProfile", "definitions", "functions", "imports", "extensions", "scope")
_RESOURCE = frozenset(
    (
        *("comments", "condition", "apiVersion", "type", "name", "location", "tags", "dependsOn", "identity"),
        *(
            "sku",
            "kind",
            "copy",
            "plan",
            "properties",
            "resources",
            "zones",
            "managedBy",
            "metadata",
            "scope",
        ),
        *("extendedLocation", "managedByExtended", "placement", "eTag", "asserts", "resourceGroup"),
        *("subscriptionId", "existing"),
    )
)
_RESOURCE_ELSEWHERE = ("scope", "asserts", "existing", "resourceGroup", "subscriptionId", "eTag")
SENT = (
    *("location", "tags", "sku", "kind", "plan", "identity", "zones", "managedBy", "managedByExtended"),
    *("extendedLocation", "placement", "properties"),
)
"""What of a resource goes into its PUT."""
_PARAMETER = frozenset(
    (
        *(
            "type",
            "defaultValue",
            "allowedValues",
            "metadata",
            "minLength",
            "maxLength",
            "minValue",
            "maxValue",
        ),
        *("nullable", "items", "properties", "additionalProperties", "$ref"),
    )
)
_SECOND_LANGUAGE = frozenset(("items", "properties", "additionalProperties", "$ref"))
_OUTPUT = frozenset(("type", "value", "condition", "copy", "metadata", "nullable"))
_SCHEMA = re.compile(r"https?://schema\.management\.azure\.com/schemas/\d{4}-\d\d-\d\d(-\w+)?/(\w+)\.json#?")
_VERSION = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Template:
    """A template of known shape; expressions in it are still text."""

    parameters: Mapping[str, Json] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    resources: tuple[Json, ...] = ()
    outputs: Mapping[str, Json] = field(default_factory=dict)
    version: str = "1.0.0.0"


def read_template(given: Any) -> Template:
    """Check the shape; TemplateError with ARM's sentence."""
    whole = _object(given, "")
    _only(whole, _MEMBERS, "Template", "")
    for name in ("$schema", "contentVersion", "resources"):
        if whole.get(name) is None:
            raise TemplateError(f"Required property '{name}' not found in JSON. Path ''")
    _check_head(whole)
    for name in _ELSEWHERE:
        if whole.get(name):
            raise not_implemented(f"templates with '{name}'")
    if not isinstance(whole["resources"], list):
        raise not_implemented("templates whose resources have symbolic names")
    return Template(
        parameters=_named(whole.get("parameters"), "parameters", _PARAMETER, "TemplateInputParameter"),
        variables=_object(whole.get("variables") or {}, "variables"),
        resources=tuple(_resource(one, f"resources[{at}]") for at, one in enumerate(whole["resources"])),
        outputs=_named(whole.get("outputs"), "outputs", _OUTPUT, "TemplateOutputParameter"),
        version=whole["contentVersion"],
    )


def _check_head(whole: Json) -> None:
    schema, version = whole["$schema"], whole["contentVersion"]
    match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if match is None:
        raise TemplateError(
            f"The template schema '{schema}' is not supported. Supported versions are '2014-04-01-preview,"
            "2015-01-01,2018-05-01,2019-04-01,2019-08-01'. Please see https://aka.ms/arm-template for "
            "usage details."
        )
    if match[2].lower() != "deploymenttemplate":
        raise TemplateError(
            f"The template schema '{schema}' does not fit a deployment at resource group scope. Please see "
            "https://aka.ms/arm-template for usage details."
        )
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        raise TemplateError(
            f"The content version '{version}' is not valid; it must have the form '1.0.0.0'. Path "
            "'contentVersion'"
        )


def _resource(given: Any, path: str) -> Json:
    whole = _object(given, path)
    _only(whole, _RESOURCE, "TemplateResource", path)
    for name in _RESOURCE_ELSEWHERE:
        if whole.get(name) is not None:
            raise not_implemented(f"template resources with '{name}'")
    for name in ("type", "name", "apiVersion"):
        if not isinstance(whole.get(name), str) or not whole[name]:
            raise TemplateError(f"Required property '{name}' not found in JSON. Path '{path}'")
    if whole["type"].lower() == "microsoft.resources/deployments":
        raise not_implemented("nested deployments")
    inner = whole.get("resources") or []
    if not isinstance(inner, list):
        raise TemplateError(f"Error converting value to type 'TemplateResource[]'. Path '{path}.resources'")
    whole = dict(whole)
    whole["resources"] = [_resource(one, f"{path}.resources[{at}]") for at, one in enumerate(inner)]
    _check_copy(whole, path)
    return whole


def _check_copy(whole: Json, path: str) -> None:
    loop = whole.get("copy")
    if loop is None:
        return
    if not isinstance(loop, dict) or not isinstance(loop.get("name"), str) or "count" not in loop:
        raise TemplateError(
            f"The template copy at '{path}' is not valid: 'name' and 'count' are required. Please see "
            "https://aka.ms/arm-copy for usage details."
        )
    if whole["resources"]:
        raise TemplateError(
            f"The template resource '{whole['name']}' is not valid: a resource with copy cannot have child "
            "resources. Please see https://aka.ms/arm-copy for usage details."
        )


def _object(given: Any, path: str) -> Json:
    if not isinstance(given, dict):
        raise TemplateError(f"Error converting value to type 'JObject'. Path '{path}'")
    return given


def _only(given: Json, known: Collection[str], kind: str, path: str) -> None:
    low = {name.lower() for name in known}
    for name in given:
        if name.lower() not in low:
            place = f"{path}.{name}" if path else name
            raise TemplateError(f"Could not find member '{name}' on object of type '{kind}'. Path '{place}'")


def _named(given: Any, path: str, known: Collection[str], kind: str) -> dict[str, Json]:
    found = _object(given or {}, path)
    for name, one in found.items():
        _only(_object(one, f"{path}.{name}"), known, kind, f"{path}.{name}")
        for member in _SECOND_LANGUAGE & set(one):
            raise not_implemented(f"'{member}' in the {path} of a template")
        if not isinstance(one.get("type"), str):
            raise TemplateError(f"Required property 'type' not found in JSON. Path '{path}.{name}'")
    return found
