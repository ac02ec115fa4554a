"""The network of a build machine: an existing subnet, a security group, a private interface.

These three go by resource id through the resources client: the wire is the same, and azure-mgmt-network's 300
operations need longer to import than all the rest of the factory, in every process.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from azure.mgmt.resource.resources import models

from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove
from factory.azure.ids import ArmId
from factory.azure.wire import Json, dig, plain
from factory.errors import AzureFault, InvalidInput, NotFound

DEADLINE = timedelta(minutes=10)


@dataclass(frozen=True)
class Subnet:
    """An existing subnet, and the location of its network."""

    id: str
    name: str
    location: str
    prefixes: tuple[str, ...]
    security_group_id: str | None = None
    nat_gateway_id: str | None = None
    route_table_id: str | None = None
    default_outbound_access: bool | None = None


@dataclass(frozen=True)
class SecurityRule:
    """One rule of a security group; lower priorities win, 100 to 4096."""

    name: str
    priority: int
    direction: Literal["Inbound", "Outbound"]
    access: Literal["Allow", "Deny"]
    protocol: Literal["Tcp", "Udp", "Icmp", "*"]
    source: str = "*"
    destination: str = "*"
    port: str = "*"


@dataclass(frozen=True)
class Interface:
    """A network interface; `private_ip` is the address of its primary configuration."""

    id: str
    name: str
    private_ip: str
    subnet_id: str | None
    security_group_id: str | None = None
    machine_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


async def get_subnet(azure: Azure, subnet_id: str) -> Subnet:
    """Read a subnet by its id. Raises `NotFound`, `InvalidInput` for an id that is not a subnet's.

    It is read with its network, which alone knows the location.
    """
    rid = ArmId.parse(subnet_id)
    if rid.type.lower() != "microsoft.network/virtualnetworks/subnets":
        raise InvalidInput(f"{subnet_id} is not the id of a subnet")
    what = f"read subnet {rid.name}"
    body = await _get(azure, what, rid.parent)
    for subnet in dig(body, "properties", "subnets") or ():
        if subnet["name"].lower() == rid.name.lower():
            return _read_subnet(subnet, body["location"])
    raise NotFound(what, AzureFault(text=f"virtual network {rid.names[0]} has no such subnet"))


def _read_subnet(body: Json, location: str) -> Subnet:
    one, many = dig(body, "properties", "addressPrefix"), dig(body, "properties", "addressPrefixes")
    return Subnet(
        id=body["id"],
        name=body["name"],
        location=location,
        prefixes=tuple(many or ([one] if one else [])),
        security_group_id=dig(body, "properties", "networkSecurityGroup", "id"),
        nat_gateway_id=dig(body, "properties", "natGateway", "id"),
        route_table_id=dig(body, "properties", "routeTable", "id"),
        default_outbound_access=dig(body, "properties", "defaultOutboundAccess"),
    )


async def create_security_group(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    rules: Sequence[SecurityRule],
    *,
    tags: Mapping[str, str],
    deadline: timedelta = DEADLINE,
) -> str:
    """Create the security group, or take up the one of this name that the run made; return its id.

    Raises `NameTaken`, `NotFound` (the group), `PolicyDenied`, `QuotaExceeded`, `OperationTimedOut`.
    """
    body = {
        "location": location,
        "tags": dict(tags),
        "properties": {"securityRules": [_write_rule(rule) for rule in rules]},
    }
    rid = _id(azure, group, "networkSecurityGroups", name)
    return str((await _put(azure, f"create security group {name}", rid, body, deadline))["id"])


async def create_interface(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    subnet_id: str,
    security_group_id: str | None,
    tags: Mapping[str, str],
    deadline: timedelta = DEADLINE,
) -> Interface:
    """Create an interface with a private address only, or take up the one of this name that the run made.

    Raises `NameTaken`, `NotFound` (group, subnet), `InvalidRequest` (subnet full, other region),
    `PolicyDenied`, `AuthorizationFailed` (join is a right of its own on the subnet), `OperationTimedOut`.
    """
    address = {"privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet_id}}
    properties: dict[str, object] = {
        "ipConfigurations": [{"name": "private", "properties": {**address, "primary": True}}]
    }
    if security_group_id:
        properties["networkSecurityGroup"] = {"id": security_group_id}
    body = {"location": location, "tags": dict(tags), "properties": properties}
    rid = _id(azure, group, "networkInterfaces", name)
    return _read_interface(await _put(azure, f"create network interface {name}", rid, body, deadline))


async def get_interface(azure: Azure, interface_id: str) -> Interface:
    """Read an interface by its id. Raises `NotFound`."""
    what = f"read network interface {ArmId.parse(interface_id).name}"
    return _read_interface(await _get(azure, what, interface_id))


def _id(azure: Azure, group: str, kind: str, name: str) -> str:
    subscription = azure.connection.subscription_id
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}"


async def _get(azure: Azure, what: str, resource_id: str) -> Json:
    version = azure.connection.api_versions.network
    return plain(
        await azure.call(what, azure.resources.resources.get_by_id, resource_id, api_version=version)
    )


async def _put(azure: Azure, what: str, resource_id: str, body: dict[str, Any], deadline: timedelta) -> Json:
    version = azure.connection.api_versions.network

    async def look() -> Existing[Json] | None:
        with contextlib.suppress(NotFound):
            found = await _get(azure, what, resource_id)
            return Existing(found, dig(found, "properties", "provisioningState"), found.get("tags") or {})
        return None

    async def make(left: timedelta) -> Json:
        put = azure.resources.resources.begin_create_or_update_by_id
        generic = models.GenericResource(body)
        operation = await azure.begin(what, put, resource_id, generic, api_version=version)
        return plain(await azure.wait(operation, deadline=left))

    async def away(left: timedelta) -> None:
        delete = azure.resources.resources.begin_delete_by_id
        await remove(
            azure,
            what,
            lambda: azure.begin(what, delete, resource_id, api_version=version),
            deadline=left,
        )

    return await ensure(azure, what, look=look, make=make, remove=away, tags=body["tags"], deadline=deadline)


def _write_rule(rule: SecurityRule) -> Json:
    return {
        "name": rule.name,
        "properties": {
            "priority": rule.priority,
            "direction": rule.direction,
            "access": rule.access,
            "protocol": rule.protocol,
            "sourcePortRange": "*",
            "sourceAddressPrefix": rule.source,
            "destinationAddressPrefix": rule.destination,
            "destinationPortRange": rule.port,
        },
    }


def _read_interface(body: Json) -> Interface:
    addresses = dig(body, "properties", "ipConfigurations") or [{}]
    first = next((entry for entry in addresses if dig(entry, "properties", "primary")), addresses[0])
    return Interface(
        id=body["id"],
        name=body["name"],
        private_ip=dig(first, "properties", "privateIPAddress") or "",
        subnet_id=dig(first, "properties", "subnet", "id"),
        security_group_id=dig(body, "properties", "networkSecurityGroup", "id"),
        machine_id=dig(body, "properties", "virtualMachine", "id"),
        tags=dict(body.get("tags") or {}),
    )
