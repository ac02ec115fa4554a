"""Resource groups: create, change, list, and a deletion that takes everything along."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest
import requests
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.localazure.conftest import Wire


def test_a_new_group_is_201_and_the_same_again_200(wire: Wire) -> None:
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/g-{uuid4().hex}"
    first = wire("PUT", path, {"location": "West Europe", "tags": {"a": "1"}})
    again = wire("PUT", path, {"location": "westeurope", "tags": {"b": "2"}})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["location"] == "westeurope"
    assert again.json()["tags"] == {"b": "2"}
    assert again.json()["properties"] == {"provisioningState": "Succeeded"}


def test_a_group_is_deleted_by_polling_its_location_alone(wire: Wire, group: str) -> None:
    begun = wire("DELETE", group)

    assert begun.status_code == 202
    assert "Azure-AsyncOperation" not in begun.headers
    assert "/operationresults/" in begun.headers["Location"]
    while (result := wire("GET", begun.headers["Location"])).status_code == 202:
        assert result.headers["x-ms-retry-after-ms"]
        time.sleep(0.02)
    assert result.status_code == 200
    gone = wire("GET", group)
    assert gone.status_code == 404
    name = group.rsplit("/", 1)[1]
    assert gone.json()["error"] == {
        "code": "ResourceGroupNotFound",
        "message": f"Resource group '{name}' could not be found.",
    }


def test_the_sdk_creates_lists_by_tag_and_deletes(resources: ResourceManagementClient) -> None:
    name, run = f"g-{uuid4().hex}", uuid4().hex
    resources.resource_groups.create_or_update(name, {"location": "westeurope", "tags": {"run": run}})

    found = list(resources.resource_groups.list(filter=f"tagName eq 'run' and tagValue eq '{run}'"))
    assert [g.name for g in found] == [name]
    assert resources.resource_groups.check_existence(name)
    resources.resource_groups.begin_delete(name).result()
    assert not resources.resource_groups.check_existence(name)
    with pytest.raises(ResourceNotFoundError):
        resources.resource_groups.get(name)


def test_deleting_a_group_that_never_was_is_404(resources: ResourceManagementClient) -> None:
    with pytest.raises(HttpResponseError) as refused:
        resources.resource_groups.begin_delete("never-was")
    assert refused.value.status_code == 404
    assert refused.value.error is not None
    assert refused.value.error.code == "ResourceGroupNotFound"


def net(group: str, rest: str) -> str:
    return f"{group}/providers/Microsoft.Network/{rest}"


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def make(wire: Wire, path: str, body: dict[str, Any]) -> None:
    made = wire("PUT", path, {"location": "westeurope"} | body)
    assert made.status_code == 201, made.text
    assert wire.finish(made)["status"] == "Succeeded"


def wait_for(wire: Wire, begun: requests.Response) -> requests.Response:
    while (result := wire("GET", begun.headers["Location"])).status_code == 202:
        time.sleep(0.02)
    return result


def furnish(wire: Wire, group: str) -> str:
    """A network whose parts need each other: an interface, its subnet, group and public address."""
    make(wire, net(group, "networkSecurityGroups/a-nsg"), {})
    standard = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    make(wire, net(group, "publicIPAddresses/b-ip"), standard)
    nsg = {"id": net(group, "networkSecurityGroups/a-nsg")}
    subnet = {"name": "s", "properties": {"addressPrefix": "10.0.0.0/24", "networkSecurityGroup": nsg}}
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    make(wire, net(group, "virtualNetworks/c-net"), {"properties": space})
    ip = {
        "subnet": {"id": net(group, "virtualNetworks/c-net/subnets/s")},
        "publicIPAddress": {"id": net(group, "publicIPAddresses/b-ip")},
    }
    properties = {"ipConfigurations": [{"name": "ip", "properties": ip}], "networkSecurityGroup": nsg}
    make(wire, net(group, "networkInterfaces/d-nic"), {"properties": properties})
    return net(group, "virtualNetworks/c-net/subnets/s")


def test_a_group_takes_along_what_needs_each_other_whatever_the_order(wire: Wire, group: str) -> None:
    furnish(wire, group)
    assert wait_for(wire, wire("DELETE", group)).status_code == 200
    assert wire("GET", group).status_code == 404
    assert wire("PUT", group, {"location": "westeurope"}).status_code == 201
    assert wire("GET", f"{group}/resources").json() == {"value": []}


def test_a_group_stays_when_another_groups_interface_needs_its_subnet(wire: Wire, group: str) -> None:
    subnet, other = furnish(wire, group), f"{group}-other"
    wire("PUT", other, {"location": "westeurope"})
    body = {"properties": {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": subnet}}}]}}
    make(wire, net(other, "networkInterfaces/n"), body)

    refused = wait_for(wire, wire("DELETE", group))

    assert error(refused) == (409, "ResourceGroupDeletionBlocked")
    details = refused.json()["error"]["details"]
    assert "InUseSubnetCannotBeDeleted" in {one["code"] for one in details}
    assert wire("GET", group).json()["properties"]["provisioningState"] == "Succeeded"
    left = {one["name"] for one in wire("GET", f"{group}/resources").json()["value"]}
    assert left == {"a-nsg", "c-net"}

    assert wait_for(wire, wire("DELETE", other)).status_code == 200
    assert wait_for(wire, wire("DELETE", group)).status_code == 200


@pytest.mark.parametrize("name", ["ends.", "has space", "a" * 91, "slash%5Cback"])
def test_group_names_have_rules(wire: Wire, name: str) -> None:
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/{name}"
    assert error(wire("PUT", path, {"location": "westeurope"})) == (400, "InvalidResourceGroup")


def test_a_groups_location_is_known_and_never_changes(wire: Wire, group: str) -> None:
    assert error(wire("PUT", group, {"location": "atlantis"})) == (
        400,
        "LocationNotAvailableForResourceGroup",
    )
    assert error(wire("PUT", group, {"location": "eastus"})) == (409, "InvalidResourceGroupLocation")
    assert error(wire("PUT", group, {})) == (400, "LocationRequired")
    assert error(wire("PUT", group, {"location": "westeurope", "color": 1})) == (400, "InvalidRequestContent")


def test_a_patch_changes_tags_and_nothing_else(wire: Wire, group: str) -> None:
    assert wire("PATCH", group, {"tags": {"x": "1"}}).json()["tags"] == {"x": "1"}
    assert error(wire("PATCH", group, {"location": "eastus"})) == (400, "InvalidRequestContent")


def test_the_sdk_finds_resources_by_tag_and_type(resources: ResourceManagementClient, wire: Wire) -> None:
    run = uuid4().hex
    group = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/g-{run}"
    wire("PUT", group, {"location": "westeurope"})
    make(wire, net(group, "networkSecurityGroups/one"), {"tags": {"run": run}})
    make(wire, net(group, "networkSecurityGroups/two"), {"tags": {"run": "other"}})
    make(wire, net(group, "routeTables/three"), {"tags": {"run": run}})

    def names(query: str) -> list[str | None]:
        return [one.name for one in resources.resources.list(filter=query)]

    assert names(f"tagName eq 'run' and tagValue eq '{run}'") == ["one", "three"]
    both = f"resourceType eq 'Microsoft.Network/networkSecurityGroups' and resourceGroup eq 'g-{run}'"
    assert names(both) == ["one", "two"]
    assert names(f"name eq 'three' and resourceGroup eq 'G-{run.upper()}'") == ["three"]
    assert names(f"name ne 'three' and resourceGroup eq 'g-{run}'") == ["one", "two"]
    with pytest.raises(HttpResponseError) as refused:
        names("startswith(name, 'x')")
    assert refused.value.error is not None
    assert refused.value.error.code == "InvalidFilterInQueryString"
    resources.resource_groups.begin_delete(f"g-{run}").wait()


def test_lists_show_no_properties_and_no_nested_parts(wire: Wire, group: str) -> None:
    furnish(wire, group)
    found = wire("GET", f"{group}/resources").json()["value"]
    assert {one["name"] for one in found} == {"a-nsg", "b-ip", "c-net", "d-nic"}
    assert all("properties" not in one and "etag" not in one for one in found)
    shown = wire("GET", f"{group}/resources", **{"$expand": "provisioningState"}).json()["value"]
    assert {one["provisioningState"] for one in shown} == {"Succeeded"}
    assert error(wire("GET", f"{group}/resources", **{"$expand": "createdTime"})) == (501, "NotImplemented")
