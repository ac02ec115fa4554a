"""Surroundings for tests of the language: a subscription, a group, and resources that are known or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localazure.deployments.language.errors import DeferredError
from localazure.deployments.language.evaluate import evaluate, value_of
from localazure.deployments.language.registry import Scope
from localazure.deployments.language.syntax import parse

SUB = "11111111-2222-3333-4444-555555555555"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass
class Somewhere:
    """Implements `Surroundings`."""

    subscription: Mapping[str, Any] = field(
        default_factory=lambda: {"id": f"/subscriptions/{SUB}", "subscriptionId": SUB}
    )
    group: Mapping[str, Any] = field(
        default_factory=lambda: {
            "id": f"/subscriptions/{SUB}/resourceGroups/rg",
            "name": "rg",
            "location": "westeurope",
            "tags": {"team": "images"},
        }
    )
    deployment: Mapping[str, Any] = field(default_factory=lambda: {"name": "d"})
    environment: Mapping[str, Any] = field(default_factory=lambda: {"name": "LocalAzure"})
    known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def reference(self, target: str, api_version: str | None, *, full: bool) -> Any:
        if target not in self.known:
            raise DeferredError(target)
        return self.known[target] if full else self.known[target]["properties"]

    def now(self) -> str:
        return "2026-11-22T13:14:15.1234560+00:00"


def scope(place: str = "resource", **more: Any) -> Scope:
    return Scope(Somewhere(**more.pop("around", {})), place=place, **more)


def value(expression: str, inside: Scope | None = None) -> Any:
    """The value of an expression, written without its brackets."""
    return evaluate(parse(f"[{expression}]"), inside or scope())


def values(given: Any, inside: Scope | None = None) -> Any:
    return value_of(given, inside or scope())


def template(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources)} | more


def security_group(name: str = "nsg", **more: Any) -> dict[str, Any]:
    kind = "Microsoft.Network/networkSecurityGroups"
    return {
        "type": kind,
        "apiVersion": "2025-07-01",
        "name": name,
        "location": "[resourceGroup().location]",
    } | more
