"""What the compute service asks of an interface, and rules that reach running machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from localazure.arm.clock import Clock
from localazure.arm.ids import ResourceId
from localazure.arm.store import Store
from localazure.arm.timing import TimeProfile
from localazure.arm.world import Config, World
from localazure.guests.base import GuestError, Host, Rule
from localazure.guests.inbound import allows
from localazure.network import models, rules

GROUP = ResourceId.of_group("s", "g")
VNET = GROUP.resource("Microsoft.Network", "virtualNetworks", "net")
SUBNET = VNET.child("subnets", "build")
NIC = GROUP.resource("Microsoft.Network", "networkInterfaces", "nic")
VM = GROUP.resource("Microsoft.Compute", "virtualMachines", "vm")


class OneMachine:
    """A host on which one machine runs, and which remembers the rules it was given."""

    def __init__(self) -> None:
        self.given: list[list[str]] = []
        self.broken = False

    def is_running(self, machine_id: str) -> bool:
        return machine_id == "the-machine"

    async def set_inbound(self, machine_id: str, found: Sequence[Rule]) -> None:
        if self.broken:
            raise GuestError("no such machine")
        self.given.append([rule.name for rule in found])


@pytest.fixture
def host() -> OneMachine:
    return OneMachine()


@pytest.fixture
def world(tmp_path: Path, host: OneMachine) -> Iterator[World]:
    config = Config(tmp_path, "https://127.0.0.1:1", "t", "s", "c", "p")
    made = World(config, Store(":memory:"), TimeProfile(0), Clock(), cast(Host, host))
    space = {"addressSpace": {"addressPrefixes": ["127.16.0.0/16"]}}
    put(made, VNET, **space)
    put(made, SUBNET, addressPrefix="127.16.1.0/24")
    ip = {"subnet": {"id": SUBNET.text}, "privateIPAddress": "127.16.1.4", "primary": True}
    configuration = {"name": "ip", "id": NIC.child("ipConfigurations", "ip").text, "properties": ip}
    put(made, NIC, ipConfigurations=[configuration])
    yield made
    made.store.close()


def put(world: World, rid: ResourceId, **properties: Any) -> None:
    world.store.put({"id": rid.text, "name": rid.name, "type": rid.type, "properties": properties})


def nsg(world: World, name: str, *holders: ResourceId, **rule: Any) -> ResourceId:
    rid = GROUP.resource("Microsoft.Network", "networkSecurityGroups", name)
    written = [rules.read_rule(rid, f"{name}-rule", rule)]
    put(world, rid, securityRules=written, defaultSecurityRules=rules.default_rules(rid))
    for holder in holders:
        doc = world.store.get(holder)
        assert doc is not None
        doc["properties"]["networkSecurityGroup"] = {"id": rid.text}
        world.store.put(doc)
    return rid


def allow(port: str, source: str = "*") -> dict[str, Any]:
    return {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": source,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": port,
    }


def test_binding_sets_machine_and_mac_and_unbinding_keeps_the_mac(world: World) -> None:
    models.attach_nic(world, NIC.text, VM.text)
    bound = world.store.get(NIC)
    assert bound is not None
    mac = bound["properties"]["macAddress"]
    assert bound["properties"]["virtualMachine"] == {"id": VM.text}
    assert mac.startswith("00-0D-3A-")
    models.detach_nic(world, NIC.text)
    free = world.store.get(NIC)
    assert free is not None
    assert "virtualMachine" not in free["properties"]
    assert free["properties"]["macAddress"] == mac
    models.detach_nic(world, NIC.text)
    models.detach_nic(world, NIC.text + "-gone")


def test_the_address_is_that_of_the_primary_configuration(world: World) -> None:
    doc = world.store.get(NIC)
    assert doc is not None
    second = {"name": "ip2", "id": "x", "properties": {"privateIPAddress": "127.16.1.9", "primary": True}}
    doc["properties"]["ipConfigurations"][0]["properties"]["primary"] = False
    doc["properties"]["ipConfigurations"].append(second)
    world.store.put(doc)
    assert models.nic_address(world, NIC.text.upper()) == "127.16.1.9"


def test_without_a_group_there_are_no_rules(world: World) -> None:
    assert models.nic_rules(world, NIC.text) == []


def test_one_group_gives_its_inbound_rules_in_order_with_azures_last(world: World) -> None:
    nsg(world, "only", SUBNET, **allow("22"))
    assert [one["name"] for one in models.nic_rules(world, NIC.text)] == [
        "only-rule",
        "AllowVnetInBound",
        "AllowAzureLoadBalancerInBound",
        "DenyAllInBound",
    ]


@pytest.mark.parametrize(
    ("tag", "inside", "outside"), [("VirtualNetwork", True, False), ("Internet", False, True)]
)
def test_tags_mean_the_interfaces_own_network(world: World, tag: str, inside: bool, outside: bool) -> None:
    nsg(world, "only", SUBNET, **allow("22", tag))
    (first, *_) = [Rule.from_document(one) for one in models.nic_rules(world, NIC.text)]
    assert allows([first], "127.16.3.3", "127.16.1.4", 22) is inside
    assert allows([first], "127.17.0.4", "127.16.1.4", 22) is outside
    assert allows([first], "93.184.216.34", "127.16.1.4", 22) is outside


def test_subnet_and_interface_must_both_allow(world: World) -> None:
    nsg(world, "outer", SUBNET, **allow("22", "127.0.0.1/32"))
    nsg(world, "inner", NIC, **allow("22-80"))
    first = models.nic_rules(world, NIC.text)[0]["properties"]
    assert (first["access"], first["destinationPortRanges"]) == ("Allow", ["22"])
    assert first["sourceAddressPrefixes"] == ["127.0.0.1/32"]
    allowed = [one for one in models.nic_rules(world, NIC.text) if one["properties"]["access"] == "Allow"]
    assert all(
        "127.0.0.1/32" not in one["properties"]["sourceAddressPrefixes"]
        or one["properties"]["destinationPortRanges"] == ["22"]
        for one in allowed
    )


async def test_a_changed_rule_reaches_the_running_machine(world: World, host: OneMachine) -> None:
    put(world, VM, vmId="the-machine")
    models.attach_nic(world, NIC.text, VM.text)
    nsg(world, "late", SUBNET, **allow("22"))
    await models.push_rules(world, {SUBNET.text})
    assert [given[0] for given in host.given] == ["late-rule"]
    await models.push_rules(world, {GROUP.resource("Microsoft.Network", "networkInterfaces", "other").text})
    assert len(host.given) == 1


async def test_a_machine_that_refuses_its_rules_breaks_nothing(
    world: World, host: OneMachine, caplog: pytest.LogCaptureFixture
) -> None:
    put(world, VM, vmId="the-machine")
    models.attach_nic(world, NIC.text, VM.text)
    host.broken = True
    await models.push_rules(world, {NIC.text})
    assert "could not be changed" in caplog.text
