"""Interfaces as the compute service needs them: bind, unbind, address, effective rules."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from localazure.arm.envelope import new_etag
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document
from localazure.arm.world import World
from localazure.guests.base import GuestError, Rule

from . import rules
from .kinds import reference_of, same, type_of

log = logging.getLogger("localazure.network")

NIC = type_of("networkInterfaces")
SUBNET = type_of("virtualNetworks/subnets")
GROUP = type_of("networkSecurityGroups")
ADDRESS = type_of("publicIPAddresses")


def attach_nic(world: World, nic_id: str, vm_id: str, *, primary: bool = True) -> None:
    """Bind an interface to a machine; it gets its MAC address then. Idempotent."""
    nic = _stored(world, nic_id)
    nic["properties"]["virtualMachine"] = {"id": vm_id}
    nic["properties"]["primary"] = primary
    nic["properties"].setdefault("macAddress", _mac(nic["id"]))
    nic["etag"] = new_etag()
    world.store.put(nic)


def detach_nic(world: World, nic_id: str) -> None:
    """Unbind an interface; one that is free or gone is left alone."""
    nic = world.store.get(nic_id)
    if nic is None or "virtualMachine" not in nic["properties"]:
        return
    del nic["properties"]["virtualMachine"]
    nic["properties"].pop("primary", None)
    nic["etag"] = new_etag()
    world.store.put(nic)


def nic_address(world: World, nic_id: str) -> str:
    """The private address of the interface's primary configuration."""
    address: str = primary_configuration(_stored(world, nic_id))["properties"]["privateIPAddress"]
    return address


def nic_rules(world: World, nic_id: str) -> list[dict[str, Any]]:
    """The inbound rules that hold for an interface, in order, Azure's defaults included.

    Empty when neither the interface nor its subnet has a group: then everything passes (a public address of
    the Standard SKU aside). With both, a packet must pass both; the list is their intersection.
    Machines know addresses alone, so tags are spelled out.
    """
    nic = _stored(world, nic_id)
    subnet = world.store.get(reference_of(primary_configuration(nic)["properties"], "subnet") or "")
    lists = [
        rules.inbound(group)
        for holder in (subnet, nic)
        if holder is not None and (group := _group_of(world, holder)) is not None
    ]
    own = network_prefixes(world, nic)
    if len(lists) == 2:
        return rules.both(lists[0], lists[1], own)
    return rules.spell_out(lists[0], own) if lists else []


def network_prefixes(world: World, nic: Document) -> list[str]:
    """The address space that `VirtualNetwork` stands for, seen from an interface."""
    subnet = reference_of(primary_configuration(nic)["properties"], "subnet")
    parent = ResourceId.parse(subnet).parent if subnet else None
    vnet = world.store.get(parent) if parent else None
    return list(vnet["properties"]["addressSpace"]["addressPrefixes"]) if vnet else []


def primary_configuration(nic: Document) -> dict[str, Any]:
    """The configuration marked primary, else the first."""
    every: list[dict[str, Any]] = nic["properties"]["ipConfigurations"]
    return next((one for one in every if one["properties"].get("primary")), every[0])


async def push_rules(world: World, holder_ids: set[str]) -> None:
    """Give running machines their new rules after a group, an interface or a subnet changed."""
    keys = {rid.lower() for rid in holder_ids}
    for nic in world.store.list(NIC):
        vm = world.store.get(reference_of(nic["properties"], "virtualMachine") or "")
        if vm is None or not _touched(nic, keys):
            continue
        machine = vm["properties"].get("vmId")
        if machine and world.guests.is_running(machine):
            found = [Rule.from_document(rule) for rule in nic_rules(world, nic["id"])]
            try:
                await world.guests.set_inbound(machine, found)
            except GuestError:
                log.exception("the rules of %s could not be changed in its machine", nic["id"])


def _touched(nic: Document, keys: set[str]) -> bool:
    subnet = reference_of(primary_configuration(nic)["properties"], "subnet") or ""
    return nic["id"].lower() in keys or subnet.lower() in keys


def holders_of_group(world: World, group_id: str) -> list[str]:
    """Interfaces and subnets with a security group on them."""
    every = [*world.store.list(NIC), *world.store.list(SUBNET)]
    return [
        doc["id"] for doc in every if same(reference_of(doc["properties"], "networkSecurityGroup"), group_id)
    ]


def configurations_in(world: World, subnet_id: str) -> list[tuple[str, str]]:
    """Id and address of every interface configuration in a subnet."""
    return [
        (one["id"], one["properties"]["privateIPAddress"])
        for nic in world.store.list(NIC)
        for one in nic["properties"]["ipConfigurations"]
        if same(reference_of(one["properties"], "subnet"), subnet_id)
    ]


def user_of_address(world: World, address_id: str) -> str | None:
    """The interface configuration that holds a public address."""
    for nic in world.store.list(NIC):
        for one in nic["properties"]["ipConfigurations"]:
            if same(reference_of(one["properties"], "publicIPAddress"), address_id):
                found: str = one["id"]
                return found
    return None


def _group_of(world: World, holder: Document) -> Document | None:
    rid = reference_of(holder["properties"], "networkSecurityGroup")
    return world.store.get(rid) if rid else None


def _stored(world: World, nic_id: str) -> Document:
    nic = world.store.get(nic_id)
    if nic is None:
        raise KeyError(f"no network interface {nic_id}")
    return nic


def _mac(nic_id: str) -> str:
    """An address of Microsoft's own prefix, as Azure's machines have."""
    digest = hashlib.sha256(nic_id.lower().encode()).hexdigest()[:6].upper()
    return f"00-0D-3A-{digest[:2]}-{digest[2:4]}-{digest[4:]}"
