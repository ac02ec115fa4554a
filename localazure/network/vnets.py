"""Virtual networks and their subnets. A subnet is a document of its own; its network shows it inline."""

from __future__ import annotations

import uuid
from ipaddress import IPv4Network
from typing import Any

from localazure.arm.calls import Call
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document
from localazure.arm.world import World

from . import addresses, errors
from .kinds import Kind, Properties, ids, read_reference, reference_of, same, touch, type_of
from .models import GROUP, SUBNET, configurations_in

_REFERENCES = {
    "networkSecurityGroup": GROUP,
    "routeTable": type_of("routeTables"),
    "natGateway": type_of("natGateways"),
}


def _read(call: Call, body: Document, existing: Document | None) -> Properties:
    given = body["properties"]
    space = given.get("addressSpace") or {}
    prefixes = space.get("addressPrefixes") if isinstance(space, dict) else None
    if not isinstance(prefixes, list) or not prefixes:
        raise errors.bad(  # assumed text
            "InvalidRequestFormat", "Cannot parse the request: addressSpace.addressPrefixes is required."
        )
    for prefix in prefixes:
        addresses.read_prefix(prefix, call.rid.text)
    _check_all(call, body, [str(prefix) for prefix in prefixes])
    old = existing["properties"] if existing else {}
    return {
        "addressSpace": {"addressPrefixes": prefixes},
        "resourceGuid": old.get("resourceGuid", str(uuid.uuid4())),
        **({"dhcpOptions": given["dhcpOptions"]} if given.get("dhcpOptions") else {}),
        "virtualNetworkPeerings": [],
        "enableDdosProtection": bool(given.get("enableDdosProtection", False)),
    }


def _inline(body: Document) -> list[dict[str, Any]] | None:
    """The subnets of the body; None when it says nothing of them: then those that exist stay."""
    given = body["properties"].get("subnets")
    if given is None:
        return None
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("name") for one in given):
        raise errors.bad("InvalidRequestFormat", "Cannot parse the request: a subnet needs a name.")
    return given


def _check_all(call: Call, body: Document, spaces: list[str]) -> None:
    """Every subnet that will be there fits; those that will not are unused."""
    world, vnet, given = call.world, call.rid, _inline(body)
    existing = world.store.list(SUBNET, parent=vnet)
    if given is None:
        planned = [(doc["name"], _prefix_of(doc["properties"])) for doc in existing]
    else:
        kept = {str(one["name"]).lower() for one in given}
        for doc in existing:
            if doc["name"].lower() not in kept:
                check_subnet_unused(world, doc)
        planned = []
        for one in given:
            rid = vnet.child("subnets", str(one["name"]))
            read = read_subnet(world, rid, one.get("properties"), body["location"])
            planned.append((rid.name, _prefix_of(read)))
    networks = [IPv4Network(space) for space in spaces]
    for name, prefix in planned:
        addresses.check_subnet(name, prefix, networks, vnet.name)
    addresses.check_apart(planned, vnet.name)


def _after_put(call: Call, body: Document, vnet: Document) -> None:
    """Write the subnets the body has, remove those it has not."""
    given = _inline(body)
    if given is None:
        return
    world, rid = call.world, ResourceId.parse(vnet["id"])
    kept = {str(one["name"]).lower() for one in given}
    for doc in world.store.list(SUBNET, parent=rid):
        if doc["name"].lower() not in kept:
            world.store.delete_tree(doc["id"])
    for one in given:
        child = world.settled(rid.child("subnets", str(one["name"])))
        put_subnet(world, child, read_subnet(world, child, one.get("properties"), vnet["location"]))


def _prefix_of(properties: Properties) -> IPv4Network:
    return IPv4Network(properties.get("addressPrefix") or properties["addressPrefixes"][0])


def subnet_prefix(subnet: Document) -> IPv4Network:
    """The prefix that addresses are taken from."""
    return _prefix_of(subnet["properties"])


def read_subnet(world: World, rid: ResourceId, given: Any, location: str) -> Properties:
    """The stored properties of a subnet of a request, references checked."""
    p = given if isinstance(given, dict) else {}
    prefixes = [p["addressPrefix"]] if p.get("addressPrefix") else list(p.get("addressPrefixes") or [])
    if len(prefixes) != 1:
        raise errors.bad(
            "SubnetAddressPrefixRequired",  # assumed; several prefixes are Azure's own rare case
            f"Subnet {rid.text} needs exactly one address prefix.",
        )
    network = addresses.read_prefix(prefixes[0], rid.text)
    _check_shrink(world, rid, network)
    stored: Properties = (
        {"addressPrefix": prefixes[0]} if p.get("addressPrefix") else {"addressPrefixes": prefixes}
    )
    for member, kind in _REFERENCES.items():
        if p.get(member):
            doc = read_reference(world, p[member], kind, by=rid, path=member, location=location)
            stored[member] = {"id": doc["id"]}
    stored |= {
        "delegations": p.get("delegations") or [],
        "serviceEndpoints": p.get("serviceEndpoints") or [],
        "privateEndpointNetworkPolicies": p.get("privateEndpointNetworkPolicies", "Disabled"),
        "privateLinkServiceNetworkPolicies": p.get("privateLinkServiceNetworkPolicies", "Enabled"),
    }
    if "defaultOutboundAccess" in p:
        stored["defaultOutboundAccess"] = bool(p["defaultOutboundAccess"])
    return stored


def _check_shrink(world: World, rid: ResourceId, network: IPv4Network) -> None:
    """A subnet in use keeps its prefix (documented code)."""
    doc = world.store.get(rid)
    if doc is None or _prefix_of(doc["properties"]) == network:
        return
    users = [user for user, _ in configurations_in(world, rid.text)]
    if users:
        raise errors.bad(
            "InUsePrefixCannotBeDeleted",
            f"IpPrefix {_prefix_of(doc['properties'])} on Subnet {rid.name} has active allocations and "
            "cannot be "
            "deleted.",
        )


def put_subnet(world: World, rid: ResourceId, properties: Properties, state: str = "Succeeded") -> Document:
    """Store a subnet."""
    doc: Document = {"name": rid.name, "id": rid.text, "type": SUBNET, "properties": dict(properties)}
    touch(world, doc, state)
    return doc


def check_subnet_prefix(world: World, rid: ResourceId, properties: Properties) -> None:
    """A subnet put by itself fits beside the others."""
    vnet = world.store.get(rid.parent) if rid.parent else None
    if vnet is None:
        return
    spaces = [IPv4Network(one) for one in vnet["properties"]["addressSpace"]["addressPrefixes"]]
    addresses.check_subnet(rid.name, _prefix_of(properties), spaces, vnet["name"])
    others = [
        (doc["name"], subnet_prefix(doc))
        for doc in world.store.list(SUBNET, parent=vnet["id"])
        if not same(doc["id"], rid.text)
    ]
    addresses.check_apart([*others, (rid.name, _prefix_of(properties))], vnet["name"])


def show_subnet(world: World, doc: Document) -> Document:
    """A subnet with the interface configurations in it."""
    users = [user for user, _ in configurations_in(world, doc["id"])]
    if users:
        doc["properties"]["ipConfigurations"] = ids(users)
    return doc


def _show(world: World, doc: Document) -> Document:
    subnets = [show_subnet(world, one) for one in world.store.list(SUBNET, parent=doc["id"])]
    doc["properties"]["subnets"] = subnets
    return doc


def check_subnet_unused(world: World, doc: Document) -> None:
    """No interface is in it."""
    users = [user for user, _ in configurations_in(world, doc["id"])]
    if users:
        raise errors.subnet_in_use(doc["name"], users)


def _check_unused(world: World, doc: Document) -> None:
    for subnet in world.store.list(SUBNET, parent=doc["id"]):
        check_subnet_unused(world, subnet)


def subnets_with(world: World, member: str, rid: str) -> list[str]:
    """The subnets that refer to a route table, NAT gateway or group."""
    return [
        doc["id"] for doc in world.store.list(SUBNET) if same(reference_of(doc["properties"], member), rid)
    ]


KIND = Kind(
    collection="virtualNetworks",
    time="network.vnet",
    read=_read,
    show=_show,
    check_unused=_check_unused,
    after_put=_after_put,
)
