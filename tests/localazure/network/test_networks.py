"""Virtual networks and subnets: prefixes, references, and what a PUT keeps."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.localazure.conftest import LocalCloud, Wire, wire_to

HERE = {"location": "westeurope"}


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def net(group: str) -> str:
    return f"{group}/providers/Microsoft.Network/virtualNetworks/net"


def body(*subnets: tuple[str, str], prefixes: tuple[str, ...] = ("10.0.0.0/16",)) -> dict[str, Any]:
    inline = [{"name": name, "properties": {"addressPrefix": prefix}} for name, prefix in subnets]
    return HERE | {"properties": {"addressSpace": {"addressPrefixes": list(prefixes)}, "subnets": inline}}


def names(wire: Wire, group: str) -> list[str]:
    return [one["name"] for one in wire("GET", net(group)).json()["properties"]["subnets"]]


@pytest.mark.parametrize(
    ("subnets", "prefixes", "code"),
    [
        ((), ("10.0.0.0",), "InvalidAddressPrefixFormat"),
        ((), ("10.0.0.300/8",), "InvalidAddressPrefixFormat"),
        ((), ("10.0.0.1/16",), "InvalidCIDRNotation"),
        ((), (), "InvalidRequestFormat"),
        ((("a", "10.1.0.0/24"),), ("10.0.0.0/16",), "NetcfgInvalidSubnet"),
        ((("a", "10.0.0.0/30"),), ("10.0.0.0/16",), "NetcfgInvalidSubnet"),
        ((("a", "10.0.0.0/24"), ("b", "10.0.0.128/25")), ("10.0.0.0/16",), "NetcfgSubnetRangesOverlap"),
    ],
)
def test_networks_that_azure_refuses(
    wire: Wire, group: str, subnets: tuple[tuple[str, str], ...], prefixes: tuple[str, ...], code: str
) -> None:
    assert error(wire("PUT", net(group), body(*subnets, prefixes=prefixes))) == (400, code)
    assert wire("GET", net(group)).status_code == 404


def test_subnets_come_and_go_inline_and_alone(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", net(group), body(("a", "10.0.0.0/24"))))
    alone = wire("PUT", f"{net(group)}/subnets/b", {"properties": {"addressPrefix": "10.0.1.0/24"}})
    assert (alone.status_code, alone.json()["properties"]["provisioningState"]) == (201, "Updating")
    wire.finish(alone)
    assert names(wire, group) == ["a", "b"]
    without = HERE | {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    wire.finish(wire("PUT", net(group), without))
    assert names(wire, group) == ["a", "b"]
    wire.finish(wire("PUT", net(group), body(("b", "10.0.1.0/24"))))
    assert names(wire, group) == ["b"]
    wire.finish(wire("DELETE", f"{net(group)}/subnets/b"))
    assert error(wire("GET", f"{net(group)}/subnets/b")) == (404, "NotFound")
    assert wire("GET", f"{net(group)}/subnets").json() == {"value": []}


def test_a_subnet_alone_must_fit_beside_the_others(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", net(group), body(("a", "10.0.0.0/24"))))

    def put(prefix: str) -> tuple[int, str]:
        return error(wire("PUT", f"{net(group)}/subnets/b", {"properties": {"addressPrefix": prefix}}))

    assert put("10.0.0.0/25") == (400, "NetcfgSubnetRangesOverlap")
    assert put("10.9.0.0/25") == (400, "NetcfgInvalidSubnet")
    assert put("10.0.1.0/") == (400, "InvalidAddressPrefixFormat")
    assert error(wire("PUT", f"{net(group)}x/subnets/b", {"properties": {}})) == (404, "ResourceNotFound")


def test_a_subnet_in_use_keeps_its_place_and_its_prefix(wire: Wire, group: str) -> None:
    wire.finish(wire("PUT", net(group), body(("a", "10.0.0.0/24"))))
    ip = {"name": "ip", "properties": {"subnet": {"id": f"{net(group)}/subnets/a"}}}
    nic = f"{group}/providers/Microsoft.Network/networkInterfaces/n"
    wire.finish(wire("PUT", nic, HERE | {"properties": {"ipConfigurations": [ip]}}))

    assert error(wire("PUT", net(group), body())) == (400, "InUseSubnetCannotBeDeleted")
    moved = wire("PUT", net(group), body(("a", "10.0.5.0/24")))
    assert error(moved) == (400, "InUsePrefixCannotBeDeleted")
    assert wire("GET", net(group)).json()["properties"]["subnets"][0]["properties"]["ipConfigurations"] == [
        {"id": f"{nic}/ipConfigurations/ip"}
    ]


def test_a_subnet_refers_to_what_exists_and_keeps_it(wire: Wire, group: str) -> None:
    table = f"{group}/providers/Microsoft.Network/routeTables/t"
    gateway = f"{group}/providers/Microsoft.Network/natGateways/g"
    wire.finish(wire("PUT", net(group), body()))
    properties = {"addressPrefix": "10.0.0.0/24", "routeTable": {"id": table}, "natGateway": {"id": gateway}}
    subnet = f"{net(group)}/subnets/a"
    assert error(wire("PUT", subnet, {"properties": properties})) == (400, "InvalidResourceReference")
    assert error(wire("PUT", subnet, {"properties": properties | {"routeTable": {"id": "t"}}})) == (
        400,
        "LinkedInvalidPropertyId",
    )
    route = {"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "None"}}
    wire.finish(wire("PUT", table, HERE | {"properties": {"routes": [route]}}))
    wire.finish(wire("PUT", gateway, HERE | {"sku": {"name": "Standard"}, "properties": {}}))
    wire.finish(wire("PUT", subnet, {"properties": properties}))

    assert wire("GET", table).json()["properties"]["subnets"] == [{"id": subnet}]
    assert error(wire("DELETE", table)) == (400, "InUseRouteTableCannotBeDeleted")
    assert error(wire("DELETE", gateway)) == (400, "InUseNatGatewayCannotBeDeleted")


def test_what_is_being_changed_can_be_neither_written_nor_referred_to(own_cloud: LocalCloud) -> None:
    own_cloud.options = ("--scale", "0.25")
    wire = wire_to(own_cloud.start())
    group = f"/subscriptions/{own_cloud.subscription}/resourceGroups/g"
    wire("PUT", group, HERE)
    wire.finish(wire("PUT", net(group), body()))
    begun = wire("PUT", f"{net(group)}/subnets/a", {"properties": {"addressPrefix": "10.0.0.0/24"}})

    again = wire("PUT", f"{net(group)}/subnets/a", {"properties": {"addressPrefix": "10.0.0.0/24"}})
    ip = {"name": "ip", "properties": {"subnet": {"id": f"{net(group)}/subnets/a"}}}
    nic = f"{group}/providers/Microsoft.Network/networkInterfaces/n"
    early = wire("PUT", nic, HERE | {"properties": {"ipConfigurations": [ip]}})

    for refused, reason in (
        (again, "AnotherOperationInProgress"),
        (early, "ReferencedResourceNotProvisioned"),
    ):
        assert error(refused) == (429, "RetryableError")
        assert [one["code"] for one in refused.json()["error"]["details"]] == [reason]
    assert begun.headers["Azure-AsyncOperation"] in again.json()["error"]["details"][0]["message"]
    assert wire.finish(begun)["status"] == "Succeeded"
    assert wire("PUT", nic, HERE | {"properties": {"ipConfigurations": [ip]}}).status_code == 201


def test_public_addresses_are_unlike_and_standard_ones_static(wire: Wire, group: str) -> None:
    base = f"{group}/providers/Microsoft.Network/publicIPAddresses"
    standard = HERE | {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    shown = [wire("PUT", f"{base}/ip{index}", standard).json() for index in range(2)]
    addresses = {one["properties"]["ipAddress"] for one in shown}
    assert len(addresses) == 2
    assert shown[0]["sku"] == {"name": "Standard"}
    dynamic = standard | {"properties": {"publicIPAllocationMethod": "Dynamic"}}
    assert error(wire("PUT", f"{base}/x", dynamic)) == (400, "StandardSkuPublicIPAddressesMustBeStatic")
    assert len(wire("GET", base).json()["value"]) == 2
    everywhere = f"/subscriptions/{wire.cloud.subscription}/providers/Microsoft.Network/publicIPAddresses"
    assert len(wire("GET", everywhere).json()["value"]) >= 2
