"""Public addresses. They lead nowhere: each is of a range that documentation uses."""

from __future__ import annotations

import uuid
from ipaddress import IPv4Network

from localazure.arm.calls import Call
from localazure.arm.store import Document
from localazure.arm.world import World

from . import errors
from .kinds import Kind, Properties
from .models import ADDRESS, user_of_address

_RANGES = [IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.0/24"), IPv4Network("192.0.2.0/24")]


def _read(call: Call, body: Document, existing: Document | None) -> Properties:
    given, sku = body["properties"], (body.get("sku") or {}).get("name", "Basic")
    method = given.get("publicIPAllocationMethod", "Dynamic")
    if method not in ("Static", "Dynamic"):
        raise errors.bad(
            "InvalidRequestFormat",
            f"Cannot parse the request: publicIPAllocationMethod '{method}' is unknown.",
        )
    if sku == "Standard" and method != "Static":
        raise errors.bad(  # documented text
            "PublicIPAndPublicIPPrefixSkuMismatch"
            if given.get("publicIPPrefix")
            else "StandardSkuPublicIPAddressesMustBeStatic",
            f"Standard sku publicIp {call.rid.text} must have AllocationMethod set to Static.",
        )
    old = existing["properties"] if existing else {}
    stored: Properties = {
        "resourceGuid": old.get("resourceGuid", str(uuid.uuid4())),
        "publicIPAddressVersion": given.get("publicIPAddressVersion", "IPv4"),
        "publicIPAllocationMethod": method,
        "idleTimeoutInMinutes": given.get("idleTimeoutInMinutes", 4),
        "ipTags": given.get("ipTags") or [],
    }
    for member in ("dnsSettings", "deleteOption"):
        if given.get(member):
            stored[member] = given[member]
    if method == "Static":
        stored["ipAddress"] = old.get("ipAddress") or _next_address(call.world)
    return stored


def _next_address(world: World) -> str:
    taken = {doc["properties"].get("ipAddress") for doc in world.store.list(ADDRESS)}
    for network in _RANGES:
        for host in network.hosts():
            if str(host) not in taken:
                return str(host)
    raise errors.bad("PublicIPCountLimitReached", "Cannot create more public IP addresses in this region.")


def _show(world: World, doc: Document) -> Document:
    user = user_of_address(world, doc["id"])
    if user is not None:
        doc["properties"]["ipConfiguration"] = {"id": user}
    return doc


def _check_unused(world: World, doc: Document) -> None:
    user = user_of_address(world, doc["id"])
    if user is not None:
        raise errors.address_in_use(doc["id"], user)


KIND = Kind(
    collection="publicIPAddresses",
    time="network.ip",
    read=_read,
    show=_show,
    check_unused=_check_unused,
    envelope=("sku", "zones"),
)
