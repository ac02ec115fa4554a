"""What a template knows of itself and of the resources around it."""

from __future__ import annotations

from typing import Any

from localazure.deployments.language.errors import TemplateError, invalid_argument
from localazure.deployments.language.registry import Scope, function
from localazure.deployments.language.values import integer, text

_AT_RUN = ("resource", "output")


@function("parameters", 1, 1, scoped=True)
def parameters(scope: Scope, name: Any) -> Any:
    """A parameter's value."""
    key = text("parameters", name).lower()
    if key not in scope.parameters:
        raise TemplateError(
            f"The template parameter '{name}' is not found. Please see "
            "https://aka.ms/arm-template/#parameters "
            "for usage details."
        )
    return scope.parameters[key]


@function("variables", 1, 1, scoped=True, places=("variable", "resource", "output"))
def variables(scope: Scope, name: Any) -> Any:
    """A variable's value."""
    key = text("variables", name).lower()
    if key not in scope.variables:
        raise TemplateError(
            f"The template variable '{name}' is not found. Please see https://aka.ms/arm-template/#variables "
            "for usage details."
        )
    return scope.variables[key]


@function("copyIndex", 0, 2, scoped=True, places=("variable", "resource", "output"))
def copy_index(scope: Scope, *given: Any) -> int:
    """The turn of a loop, of the innermost or of a named one, plus an offset."""
    named = bool(given) and isinstance(given[0], str)
    name = given[0].lower() if named else scope.loop
    offset = given[1:] if named else given
    if name is None or name not in scope.copies or len(offset) > 1:
        raise TemplateError(
            "The template function 'copyIndex' is not expected at this location. The function can only be "
            "used "
            "in a resource with copy specified. Please see https://aka.ms/arm-copy for usage details."
        )
    return scope.copies[name] + (integer("copyIndex", offset[0]) if offset else 0)


@function("subscription", 0, 0, scoped=True)
def subscription(scope: Scope) -> Any:
    """The subscription: `id`, `subscriptionId`, `tenantId`, `displayName`."""
    return dict(scope.surroundings.subscription)


@function("resourceGroup", 0, 0, scoped=True)
def resource_group(scope: Scope) -> Any:
    """The resource group: `id`, `name`, `location`, `tags`, `properties`."""
    return dict(scope.surroundings.group)


@function("deployment", 0, 0, scoped=True, places=("variable", "resource", "output"))
def deployment(scope: Scope) -> Any:
    """The deployment itself."""
    return dict(scope.surroundings.deployment)


@function("environment", 0, 0, scoped=True)
def environment(scope: Scope) -> Any:
    """The cloud's endpoints."""
    return dict(scope.surroundings.environment)


@function("reference", 1, 3, scoped=True, places=_AT_RUN)
def reference(scope: Scope, target: Any, api_version: Any = None, full: Any = None) -> Any:
    """A resource's properties, or with `'Full'` all of it; there must be one by then."""
    if full is not None and text("reference", full).lower() != "full":
        raise invalid_argument("reference", f"the third parameter must be 'Full', not '{full}'.")
    version = None if api_version is None else text("reference", api_version)
    return scope.surroundings.reference(text("reference", target), version, full=full is not None)


def _split_type(name: str, given: tuple[Any, ...], most_before: int) -> tuple[list[str], str]:
    """What stands before the type, and the `type/name/…` behind it as an id writes it."""
    words = [text(name, one) for one in given]
    at = next((index for index, word in enumerate(words) if "/" in word), None)
    if at is None or at > most_before:
        raise invalid_argument(
            name,
            f"function requires fully qualified resource type '{words[min(len(words) - 1, most_before)]}' "
            "as one "
            "of first argument(s).",
        )
    provider, *types = words[at].split("/")
    names = words[at + 1 :]
    if len(types) != len(names):
        raise invalid_argument(
            name, f"the type '{words[at]}' requires '{len(types)}' resource name argument(s)."
        )
    return words[:at], f"providers/{provider}" + "".join(
        f"/{kind}/{word}" for kind, word in zip(types, names, strict=True)
    )


@function("resourceId", 2, None, scoped=True)
def resource_id(scope: Scope, *given: Any) -> str:
    """An id from type and names, in this group, another, or another subscription's."""
    before, tail = _split_type("resourceId", given, 2)
    group = before[-1] if before else str(scope.surroundings.group["name"])
    owner = before[0] if len(before) > 1 else str(scope.surroundings.subscription["subscriptionId"])
    return f"/subscriptions/{owner}/resourceGroups/{group}/{tail}"


@function("subscriptionResourceId", 2, None, scoped=True)
def subscription_resource_id(scope: Scope, *given: Any) -> str:
    """An id directly under a subscription."""
    before, tail = _split_type("subscriptionResourceId", given, 1)
    owner = before[0] if before else str(scope.surroundings.subscription["subscriptionId"])
    return f"/subscriptions/{owner}/{tail}"


@function("tenantResourceId", 2, None)
def tenant_resource_id(*given: Any) -> str:
    """An id directly under the tenant."""
    return "/" + _split_type("tenantResourceId", given, 0)[1]


@function("extensionResourceId", 3, None)
def extension_resource_id(base: Any, *given: Any) -> str:
    """The id of what hangs on another resource."""
    return f"{text('extensionResourceId', base)}/{_split_type('extensionResourceId', given, 0)[1]}"
