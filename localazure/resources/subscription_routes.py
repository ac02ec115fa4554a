"""Tenants, the one subscription, its locations."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.envelope import REGIONS
from localazure.arm.routing import route
from localazure.arm.wire import page, reply
from localazure.arm.world import World


def _subscription(world: World) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{world.config.subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": world.config.subscription,
        "tenantId": world.config.tenant,
        "displayName": "Local Azure",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


@route("GET", "/subscriptions")
async def list_subscriptions(call: Call) -> Response:
    """The subscriptions that the caller can see: all one."""
    return reply({"value": [_subscription(call.world)], "count": {"type": "Total", "value": 1}})


@route("GET", "/subscriptions/{sub}")
async def get_subscription(call: Call) -> Response:
    """The subscription."""
    return reply(_subscription(call.world))


@route("GET", "/subscriptions/{sub}/locations")
async def list_locations(call: Call) -> Response:
    """The regions of this Azure."""
    home = f"/subscriptions/{call.world.config.subscription}/locations"
    locations = [
        {
            "id": f"{home}/{name}",
            "name": name,
            "type": "Region",
            "displayName": shown,
            "regionalDisplayName": f"({area}) {shown}",
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended", "geographyGroup": area},
        }
        for name, (shown, area) in REGIONS.items()
    ]
    return page(call, locations)


@route("GET", "/tenants")
async def list_tenants(call: Call) -> Response:
    """The tenants that the caller belongs to: one."""
    tenant = call.world.config.tenant
    value = {"id": f"/tenants/{tenant}", "tenantId": tenant, "tenantCategory": "Home"}
    return reply({"value": [value | {"displayName": "Local Azure", "domains": ["local.onmicrosoft.com"]}]})
