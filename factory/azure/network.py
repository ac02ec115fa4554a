"""Network around a build machine: an existing subnet, a security group, an interface without a public address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from azure.mgmt.network import models

from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.wire import Json, dig, plain
from factory.errors import InvalidInput

DEADLINE = timedelta(minutes=10)


@dataclass(frozen=True)
class Subnet:
    """An existing subnet. `has_egress` by route or NAT gateway says whether its machines can get out at all."""

    id: str
    name: str
    prefixes: tuple[str, ...]
    security_group_id: str | None = None
    nat_gateway_id: str | None = None
    route_table_id: str | None = None
    default_outbound_access: bool | None = None


@dataclass(frozen=True)
class Rule:
    """One rule of a security group; lower priorities win, 100 to 4096."""

    name: str
    priority: int
    sources: tuple[str, ...] = ("*",)
    ports: tuple[str, ...] = ("*",)
    destinations: tuple[str, ...] = ("*",)
    protocol: str = "*"
    access: str = "Allow"
    direction: str = "Inbound"


@dataclass(frozen=True)
class Interface:
    """A network interface; `private_ip` is `None` until Azure has given one."""

    id: str
    name: str
    private_ip: str | None
    subnet_id: str | None
    security_group_id: str | None = None
    machine_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


async def get_subnet(azure: Azure, subnet_id: str) -> Subnet:
    """Read a subnet by its id. Raises `NotFound`, `InvalidInput` for an id that is not a subnet's."""
    rid = ArmId.parse(subnet_id)
    if rid.type.lower() != "microsoft.network/virtualnetworks/subnets":
        raise InvalidInput(f"{subnet_id} is not the id of a subnet")
    network, name = rid.names
    model = await azure.call(f"read subnet {name}", azure.network.subnets.get, rid.group, network, name)
    body = plain(model)
    one, many = dig(body, "properties", "addressPrefix"), dig(body, "properties", "addressPrefixes")
    return Subnet(
        id=body.get("id", subnet_id),
        name=name,
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
    *,
    location: str,
    rules: Sequence[Rule],
    tags: Mapping[str, str],
    deadline: timedelta = DEADLINE,
) -> str:
    """Create the security group, or make the one of this name hold exactly these rules; return its id.

    Raises `NotFound` (the group), `PolicyDenied`, `QuotaExceeded`, `OperationTimedOut`.
    """
    body = {
        "location": location,
        "tags": dict(tags),
        "properties": {"securityRules": [_write_rule(rule) for rule in rules]},
    }
    operation = await azure.begin(
        f"create security group {name}",
        azure.network.network_security_groups.begin_create_or_update,
        group,
        name,
        models.NetworkSecurityGroup(body),
    )
    return str((await azure.wait(operation, deadline=deadline)).id)


async def create_interface(
    azure: Azure,
    group: str,
    name: str,
    *,
    location: str,
    subnet_id: str,
    security_group_id: str | None,
    tags: Mapping[str, str],
    deadline: timedelta = DEADLINE,
) -> Interface:
    """Create an interface with a private address only, or update the one of this name.

    Raises `NotFound` (group, subnet), `InvalidRequest` (subnet full, other region), `PolicyDenied`,
    `AuthorizationFailed` (join is a right of its own on the subnet), `OperationTimedOut`.
    """
    address = {"privateIPAllocationMethod": "Dynamic", "subnet": {"id": subnet_id}}
    properties: dict[str, object] = {
        "ipConfigurations": [{"name": "private", "properties": {**address, "primary": True}}]
    }
    if security_group_id:
        properties["networkSecurityGroup"] = {"id": security_group_id}
    body = {"location": location, "tags": dict(tags), "properties": properties}
    operation = await azure.begin(
        f"create network interface {name}",
        azure.network.network_interfaces.begin_create_or_update,
        group,
        name,
        models.NetworkInterface(body),
    )
    return _read_interface(plain(await azure.wait(operation, deadline=deadline)))


async def get_interface(azure: Azure, interface_id: str) -> Interface:
    """Read an interface by its id. Raises `NotFound`."""
    rid = ArmId.parse(interface_id)
    what = f"read network interface {rid.name}"
    return _read_interface(
        plain(await azure.call(what, azure.network.network_interfaces.get, rid.group, rid.name))
    )


def _write_rule(rule: Rule) -> Json:
    return {
        "name": rule.name,
        "properties": {
            "priority": rule.priority,
            "direction": rule.direction,
            "access": rule.access,
            "protocol": rule.protocol,
            "sourcePortRange": "*",
            **_one_or_many("sourceAddressPrefix", "sourceAddressPrefixes", rule.sources),
            **_one_or_many("destinationAddressPrefix", "destinationAddressPrefixes", rule.destinations),
            **_one_or_many("destinationPortRange", "destinationPortRanges", rule.ports),
        },
    }


def _one_or_many(one: str, many: str, values: tuple[str, ...]) -> Json:
    """Azure takes a single value in one field and several in another, and `*` in the first only."""
    return {one: values[0]} if len(values) == 1 else {many: list(values)}


def _read_interface(body: Json) -> Interface:
    addresses = dig(body, "properties", "ipConfigurations") or [{}]
    first = next((entry for entry in addresses if dig(entry, "properties", "primary")), addresses[0])
    return Interface(
        id=body["id"],
        name=body["name"],
        private_ip=dig(first, "properties", "privateIPAddress"),
        subnet_id=dig(first, "properties", "subnet", "id"),
        security_group_id=dig(body, "properties", "networkSecurityGroup", "id"),
        machine_id=dig(body, "properties", "virtualMachine", "id"),
        tags=dict(body.get("tags") or {}),
    )
