"""Security rules: what may be written, Azure's own six, and two groups that must both agree."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from localazure.network import rules
from tests.localazure.conftest import Wire

HERE = {"location": "westeurope"}
ALLOW_SSH: dict[str, Any] = {
    "priority": 100,
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Tcp",
    "sourceAddressPrefix": "127.0.0.1/32",
    "sourcePortRange": "*",
    "destinationAddressPrefix": "*",
    "destinationPortRange": "22",
}


def error(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
def nsg(wire: Wire, group: str) -> str:
    path = f"{group}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    made = wire(
        "PUT", path, HERE | {"properties": {"securityRules": [{"name": "ssh", "properties": ALLOW_SSH}]}}
    )
    assert made.status_code == 201
    assert made.json()["properties"]["provisioningState"] == "Updating"
    wire.finish(made)
    return path


def test_a_group_ends_with_azures_six_rules(wire: Wire, nsg: str) -> None:
    shown = wire("GET", nsg).json()["properties"]
    assert [one["name"] for one in shown["securityRules"]] == ["ssh"]
    assert [(one["name"], one["properties"]["priority"]) for one in shown["defaultSecurityRules"]] == [
        ("AllowVnetInBound", 65000),
        ("AllowAzureLoadBalancerInBound", 65001),
        ("DenyAllInBound", 65500),
        ("AllowVnetOutBound", 65000),
        ("AllowInternetOutBound", 65001),
        ("DenyAllOutBound", 65500),
    ]
    one = wire("GET", f"{nsg}/defaultSecurityRules/denyallinbound").json()
    assert one["properties"]["access"] == "Deny"
    assert len(wire("GET", f"{nsg}/defaultSecurityRules").json()["value"]) == 6


def test_a_rule_is_a_resource_of_its_own(wire: Wire, nsg: str) -> None:
    path = f"{nsg}/securityRules/web"
    made = wire("PUT", path, {"properties": ALLOW_SSH | {"priority": 200, "destinationPortRange": "80-443"}})
    assert (made.status_code, made.json()["name"]) == (201, "web")
    assert wire.finish(made)["status"] == "Succeeded"
    assert wire("GET", path).json()["properties"]["destinationPortRange"] == "80-443"
    again = wire("PUT", path, {"properties": ALLOW_SSH | {"priority": 300}})
    assert again.status_code == 200
    wire.finish(again)
    assert {one["name"] for one in wire("GET", f"{nsg}/securityRules").json()["value"]} == {"ssh", "web"}
    gone = wire("DELETE", path)
    assert gone.status_code == 202
    wire.finish(gone)
    assert error(wire("GET", path)) == (404, "NotFound")
    assert wire("DELETE", path).status_code == 204
    assert wire("GET", f"{nsg}/securityRules/ssh").status_code == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"priority": 99}, "SecurityRuleInvalidPriority"),
        ({"priority": 4097}, "SecurityRuleInvalidPriority"),
        ({"priority": None}, "SecurityRuleInvalidPriority"),
        ({"priority": 100}, "SecurityRuleConflict"),
        ({"access": "Maybe"}, "SecurityRuleInvalidAccess"),
        ({"direction": "Up"}, "SecurityRuleInvalidDirection"),
        ({"protocol": "Pigeon"}, "SecurityRuleInvalidProtocol"),
        ({"destinationPortRange": "70000"}, "SecurityRuleInvalidPortRange"),
        ({"destinationPortRange": "90-80"}, "SecurityRuleInvalidPortRange"),
        ({"sourceAddressPrefix": "300.0.0.1"}, "SecurityRuleInvalidAddressPrefix"),
        ({"destinationPortRange": ""}, "SecurityRuleParameterNotSpecifiedPorts"),
    ],
)
def test_rules_that_azure_refuses(wire: Wire, nsg: str, change: dict[str, Any], code: str) -> None:
    refused = wire("PUT", f"{nsg}/securityRules/r", {"properties": ALLOW_SSH | {"priority": 200} | change})
    assert error(refused) == (400, code)
    assert wire("GET", f"{nsg}/securityRules/r").status_code == 404


def test_outbound_may_share_a_priority_with_inbound(wire: Wire, nsg: str) -> None:
    assert wire("PUT", f"{nsg}/securityRules/out", {"properties": ALLOW_SSH | {"direction": "Outbound"}}).ok


# two groups as one list

NETWORK = ["10.0.0.0/16"]
PREFIXES = [
    "*",
    "VirtualNetwork",
    "Internet",
    "AzureLoadBalancer",
    "10.0.0.0/16",
    "10.0.1.0/24",
    "10.0.1.7/32",
]
PREFIXES += ["203.0.113.0/24", "203.0.113.9/32"]
PORTS = ["*", "22", "20-25", "80", "0-65535", "1000-2000"]
PROTOCOLS = ["*", "Tcp", "Udp"]


def stands_for(prefix: str, address: str) -> bool:
    """Azure's meaning of one prefix, written a second time."""
    inside = IPv4Address(address) in IPv4Network(NETWORK[0])
    named = {
        "*": True,
        "VirtualNetwork": inside,
        "Internet": not inside and address != "168.63.129.16",
        "AzureLoadBalancer": address == "168.63.129.16",
    }
    return named[prefix] if prefix in named else IPv4Address(address) in IPv4Network(prefix)


def passes(listed: list[rules.Rule], packet: tuple[str, str, int, str]) -> bool:
    """First match decides, no match is a denial."""
    source, target, port, protocol = packet
    for rule in sorted(listed, key=lambda one: int(one["properties"]["priority"])):
        p = rule["properties"]
        if (
            p["protocol"] in ("*", protocol)
            and any(stands_for(one, source) for one in p["sourceAddressPrefixes"])
            and any(stands_for(one, target) for one in p["destinationAddressPrefixes"])
            and any(low <= port <= high for low, high in map(rules._range, p["destinationPortRanges"]))
        ):
            return bool(p["access"] == "Allow")
    return False


def lists() -> st.SearchStrategy[list[rules.Rule]]:
    some = st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=2)
    one = st.fixed_dictionaries(
        {
            "protocol": st.sampled_from(PROTOCOLS),
            "access": st.sampled_from(["Allow", "Deny"]),
            "sourceAddressPrefixes": some,
            "destinationAddressPrefixes": some,
            "destinationPortRanges": st.lists(st.sampled_from(PORTS), min_size=1, max_size=2),
        }
    )
    return st.lists(one, min_size=1, max_size=4).map(
        lambda found: [
            {"name": f"r{index}", "properties": {"priority": 100 + index, **one}}
            for index, one in enumerate(found)
        ]
    )


PACKETS = st.tuples(
    st.sampled_from(["10.0.1.7", "10.0.2.2", "203.0.113.9", "203.0.113.10", "168.63.129.16"]),
    st.sampled_from(["10.0.1.7", "10.0.1.8", "10.0.9.9"]),
    st.sampled_from([22, 24, 80, 1500, 9]),
    st.sampled_from(["Tcp", "Udp"]),
)


@given(lists(), lists(), PACKETS)
def test_the_joined_list_decides_as_the_two_lists_do(
    first: list[rules.Rule], second: list[rules.Rule], packet: tuple[str, str, int, str]
) -> None:
    joined = rules.both(first, second, NETWORK)
    assert passes(joined, packet) == (passes(first, packet) and passes(second, packet))
