"""What hangs on a scope: locks and tags; and the registration of providers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from tests.localazure.conftest import LocalCloud, Wire, wire_to

HERE = {"location": "westeurope"}


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def nsg(wire: Wire, group: str) -> str:
    path = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    wire.finish(wire("PUT", path, HERE))
    return path


@pytest.fixture
def lock(wire: Wire, group: str) -> Iterator[str]:
    """Where the group's lock is, once put; removed in the end so that the group can go."""
    path = f"{group}/providers/Microsoft.Authorization/locks/keep"
    yield path
    wire("DELETE", path)


def level(name: str) -> dict[str, dict[str, str]]:
    return {"properties": {"level": name, "notes": "why"}}


def test_can_not_delete_holds_for_everything_beneath_and_lets_writes_pass(
    wire: Wire, group: str, nsg: str, lock: str
) -> None:
    assert wire("PUT", lock, level("CanNotDelete")).status_code == 201
    refused = wire("DELETE", nsg)
    assert error(refused) == (409, "ScopeLocked")
    assert refused.json()["error"]["message"] == (
        f"The scope '{nsg}' cannot perform delete operation because following scope(s) are locked: "
        f"'{group}'. "
        "Please remove the lock and try again."
    )
    assert error(wire("DELETE", group)) == (409, "ScopeLocked")
    assert wire("PATCH", nsg, {"tags": {"a": "b"}}).status_code == 200
    assert wire("DELETE", lock).status_code == 200
    assert wire("DELETE", lock).status_code == 204
    assert wire("DELETE", nsg).status_code == 202


def test_read_only_refuses_writes_too(wire: Wire, nsg: str, lock: str) -> None:
    wire("PUT", lock, level("ReadOnly"))
    assert error(wire("PATCH", nsg, {"tags": {}})) == (409, "ScopeLocked")
    assert error(wire("PUT", nsg, HERE)) == (409, "ScopeLocked")
    tags = {"operation": "Merge", "properties": {"tags": {"a": "b"}}}
    assert error(wire("PATCH", f"{nsg}/providers/Microsoft.Resources/tags/default", tags)) == (
        409,
        "ScopeLocked",
    )
    assert wire("GET", nsg).status_code == 200
    assert wire("PUT", lock, level("CanNotDelete")).status_code == 200
    assert wire("PUT", nsg, HERE).status_code == 200


def test_a_lock_on_a_resource_keeps_its_group(wire: Wire, group: str, nsg: str) -> None:
    mine = f"{nsg}/providers/Microsoft.Authorization/locks/mine"
    assert wire("PUT", mine, level("CanNotDelete")).json()["id"] == mine
    assert error(wire("DELETE", group)) == (409, "ScopeLocked")
    assert wire("GET", group).json()["properties"]["provisioningState"] == "Succeeded"
    listed = wire("GET", f"{group}/providers/Microsoft.Authorization/locks").json()["value"]
    assert [one["name"] for one in listed] == ["mine"]
    assert wire("DELETE", mine).status_code == 200
    assert error(wire("GET", mine)) == (404, "LockNotFound")


def test_a_lock_needs_a_level_and_something_to_hold(wire: Wire, group: str, lock: str) -> None:
    assert error(wire("PUT", lock, {"properties": {"level": "Firm"}})) == (400, "InvalidRequestContent")
    nobody = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nobody"
    path = f"{nobody}/providers/Microsoft.Authorization/locks/l"
    assert error(wire("PUT", path, level("ReadOnly"))) == (404, "ResourceNotFound")


def test_tags_of_a_scope_merge_replace_and_go(wire: Wire, group: str) -> None:
    path = f"{group}/providers/Microsoft.Resources/tags/default"

    def patch(verb: str, **tags: str) -> dict[str, str]:
        answer = wire("PATCH", path, {"operation": verb, "properties": {"tags": tags}})
        found: dict[str, str] = answer.json()["properties"]["tags"]
        return found

    assert patch("Merge", a="1", b="2") == {"a": "1", "b": "2"}
    assert patch("Merge", B="3") == {"a": "1", "B": "3"}
    assert patch("Delete", a="other", b="3") == {"a": "1"}
    assert patch("Replace", c="4") == {"c": "4"}
    assert wire("GET", group).json()["tags"] == {"c": "4"}
    assert wire("DELETE", path).status_code == 200
    assert wire("GET", path).json()["properties"] == {"tags": {}}
    assert "tags" not in wire("GET", group).json()
    assert wire("PATCH", path, {"operation": "Shake", "properties": {"tags": {}}}).status_code == 400


def test_an_unregistered_provider_refuses_writes_until_it_is_registered(own_cloud: LocalCloud) -> None:
    wire = wire_to(own_cloud.start())
    base = f"/subscriptions/{wire.cloud.subscription}"
    provider, group = f"{base}/providers/Microsoft.Network", f"{base}/resourceGroups/g"
    nsg = f"{group}/providers/Microsoft.Network/networkSecurityGroups/n"
    wire("PUT", group, HERE)

    assert wire("POST", f"{provider}/unregister").json()["registrationState"] == "Unregistered"
    refused = wire("PUT", nsg, HERE)
    assert error(refused) == (409, "MissingSubscriptionRegistration")
    assert refused.json()["error"]["details"][0]["target"] == "Microsoft.Network"
    assert wire("POST", f"{provider}/register").json()["registrationState"] == "Registering"
    while wire("GET", provider).json()["registrationState"] != "Registered":
        time.sleep(0.02)
    assert wire("PUT", nsg, HERE).status_code == 201
    assert error(wire("POST", f"{provider}/unregister")) == (409, "CannotUnregisterWithActiveResources")
    assert error(wire("GET", f"{base}/providers/Contoso.Things")) == (404, "InvalidResourceNamespace")


def test_subscription_tenant_locations_and_providers_are_there(wire: Wire) -> None:
    base = f"/subscriptions/{wire.cloud.subscription}"
    assert wire("GET", base).json()["state"] == "Enabled"
    assert [one["tenantId"] for one in wire("GET", "/tenants").json()["value"]] == [
        wire.cloud.facts["tenant"]
    ]
    names = {one["name"] for one in wire("GET", f"{base}/locations").json()["value"]}
    assert {"westeurope", "northeurope"} <= names
    listed = {one["namespace"] for one in wire("GET", f"{base}/providers").json()["value"]}
    assert {"Microsoft.Compute", "Microsoft.Network"} <= listed
