"""What templates can ask: subscription, group, deployment, cloud, and the state of resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localazure.arm.clock import stamp
from localazure.arm.envelope import REGIONS
from localazure.arm.errors import group_not_found
from localazure.arm.ids import ResourceId
from localazure.arm.wire import shown
from localazure.arm.world import World

from .language.errors import DeferredError, MissingReferenceError

Resolve = Callable[[str], ResourceId | None]


class Around:
    """The surroundings while planning: what resources are like is not known yet."""

    def __init__(self, world: World, deployment: ResourceId, template: Mapping[str, Any]) -> None:
        config = world.config
        assert deployment.group is not None  # noqa: S101 - our routes are those of groups
        group = world.store.get(ResourceId.of_group(deployment.subscription, deployment.group))
        if group is None:
            raise group_not_found(deployment.group)
        self._clock = world.clock
        self.subscription: Mapping[str, Any] = {
            "id": f"/subscriptions/{config.subscription}",
            "subscriptionId": config.subscription,
            "tenantId": config.tenant,
            "displayName": "Local Azure",
        }
        self.group: Mapping[str, Any] = shown(group)
        self.deployment: Mapping[str, Any] = {
            "name": deployment.name,
            "properties": {"template": template, "mode": "Incremental", "provisioningState": "Accepted"},
        }
        self.environment: Mapping[str, Any] = {
            "name": "LocalAzure",
            "resourceManager": config.endpoint,
            "authentication": {
                "loginEndpoint": config.endpoint,
                "audiences": [config.endpoint],
                "tenant": config.tenant,
                "identityProvider": "AAD",
            },
            "portal": config.endpoint,
            "graph": config.endpoint,
            "suffixes": {},
            "locations": list(REGIONS),
        }

    def now(self) -> str:
        """The time, for `utcNow`."""
        return stamp(self._clock.now())

    def reference(self, target: str, api_version: str | None, *, full: bool) -> Any:
        """Nothing is known of resources before they are there."""
        raise DeferredError(target)


class Known(Around):
    """The surroundings of a run: resources that were fetched."""

    def __init__(self, world: World, deployment: ResourceId, template: Mapping[str, Any]) -> None:
        super().__init__(world, deployment, template)
        self.fetched: dict[str, Mapping[str, Any]] = {}
        """Whole documents by the target as the template wrote it."""

    def reference(self, target: str, api_version: str | None, *, full: bool) -> Any:
        """The document or its properties; MissingReferenceError when it must be fetched first."""
        if target not in self.fetched:
            raise MissingReferenceError(target, api_version)
        found = self.fetched[target]
        return found if full else found.get("properties", {})
