"""Network interfaces: an address from a subnet, perhaps a public one, perhaps a security group."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from localazure.arm.calls import Call
from localazure.arm.envelope import new_etag
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document
from localazure.arm.world import World

from . import addresses, errors
from .kinds import Kind, Properties, read_reference, reference_of, same
from .models import ADDRESS, GROUP, SUBNET, configurations_in, user_of_address
from .vnets import subnet_prefix

_FLAGS = ("enableAcceleratedNetworking", "enableIPForwarding", "disableTcpStateTracking")
_KEPT = ("virtualMachine", "primary", "macAddress")


def _read(call: Call, body: Document, existing: Document | None) -> Properties:
    given, rid = body["properties"], call.rid
    configurations = given.get("ipConfigurations")
    if not isinstance(configurations, list) or not configurations:
        raise errors.bad(  # assumed code
            "NetworkInterfaceMustHaveAtLeastOneIpConfiguration",
            f"Network interface {rid.text} must have at least one IP configuration.",
        )
    old = existing["properties"] if existing else {}
    stored: Properties = {
        "resourceGuid": old.get("resourceGuid", str(uuid.uuid4())),
        "ipConfigurations": _Reading(call, body["location"], old).all(configurations),
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []} | (given.get("dnsSettings") or {}),
        **{flag: bool(given.get(flag, False)) for flag in _FLAGS},
        "vnetEncryptionSupported": False,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": given.get("nicType", "Standard"),
        "auxiliaryMode": given.get("auxiliaryMode", "None"),
        "auxiliarySku": given.get("auxiliarySku", "None"),
        **{member: old[member] for member in _KEPT if member in old},
    }
    if given.get("networkSecurityGroup"):
        group = read_reference(
            call.world,
            given["networkSecurityGroup"],
            GROUP,
            by=rid,
            path="networkSecurityGroup",
            location=body["location"],
        )
        stored["networkSecurityGroup"] = {"id": group["id"]}
    return stored


@dataclass
class _Reading:
    """The configurations of one request, read in turn: an address given to one is taken for the next."""

    call: Call
    location: str
    old: Properties
    found: list[dict[str, Any]] = field(default_factory=list)

    def all(self, given: list[Any]) -> list[dict[str, Any]]:
        """Every configuration, one of them primary."""
        for index, one in enumerate(given):
            name = one.get("name") if isinstance(one, dict) else None
            if (
                not isinstance(name, str)
                or not name
                or any(same(name, other["name"]) for other in self.found)
            ):
                raise errors.bad(
                    "InvalidRequestFormat",
                    f"Cannot parse the request: ipConfigurations[{index}] needs a name of its own.",
                )
            self.found.append(self._configuration(one, index))
        primary = [one for one in self.found if one["properties"]["primary"]]
        if len(primary) > 1:
            raise errors.bad(  # assumed code
                "MultiplePrimaryIpConfigurations",
                f"Network interface {self.call.rid.text} has more than one primary IP configuration.",
            )
        if not primary:
            self.found[0]["properties"]["primary"] = True
        return self.found

    def _configuration(self, given: dict[str, Any], index: int) -> dict[str, Any]:
        rid, p = self.call.rid.child("ipConfigurations", given["name"]), given.get("properties") or {}
        path = f"ipConfigurations[{index}].properties"
        if not p.get("subnet"):
            message = f"Subnet is required for IP configuration {rid.text}."
            raise errors.bad("SubnetIsRequired", message)  # assumed
        subnet = self._reference(p["subnet"], SUBNET, f"{path}.subnet")
        stored: Properties = {
            "provisioningState": "Succeeded",
            "privateIPAddress": self._address(rid, p, subnet),
            "privateIPAllocationMethod": p.get("privateIPAllocationMethod", "Dynamic"),
            "subnet": {"id": subnet["id"]},
            "primary": bool(p.get("primary", False)),
            "privateIPAddressVersion": p.get("privateIPAddressVersion", "IPv4"),
        }
        if p.get("publicIPAddress"):
            stored["publicIPAddress"] = self._public(p["publicIPAddress"], rid, f"{path}.publicIPAddress")
        return {"name": rid.name, "id": rid.text, "etag": new_etag(), "type": rid.type, "properties": stored}

    def _reference(self, given: Any, kind: str, path: str) -> Document:
        call = self.call
        return read_reference(call.world, given, kind, by=call.rid, path=path, location=self.location)

    def _public(self, given: Any, rid: ResourceId, path: str) -> dict[str, Any]:
        address = self._reference(given, ADDRESS, path)
        user = user_of_address(self.call.world, address["id"])
        if user is not None and not same(user, rid.text):
            raise errors.bad(
                "PublicIPAddressInUse",
                f"Resource {rid.text} is referencing public IP address {address['id']} that is already "
                f"allocated to resource {user}.",
            )
        options = given.get("properties") or {}
        return {"id": address["id"], **({"properties": options} if options else {})}

    def _address(self, rid: ResourceId, given: Properties, subnet: Document) -> str:
        """As asked for when static; kept when it has one; otherwise the next that is free."""
        prefix, taken = subnet_prefix(subnet), self._taken(rid, subnet)
        if given.get("privateIPAllocationMethod", "Dynamic") == "Static":
            if not given.get("privateIPAddress"):
                raise errors.bad(  # assumed
                    "PrivateIPAddressRequired", f"Private static IP address is required for {rid.text}."
                )
            wanted = str(given["privateIPAddress"])
            addresses.check_static(wanted, prefix, taken, rid.text)
            return wanted
        for before in self.old.get("ipConfigurations", []):
            if same(before["id"], rid.text) and same(
                reference_of(before["properties"], "subnet"), subnet["id"]
            ):
                address: str = before["properties"]["privateIPAddress"]
                return address
        return addresses.next_free(prefix, taken, subnet["name"])

    def _taken(self, rid: ResourceId, subnet: Document) -> dict[str, str]:
        """The subnet's addresses in use, by other configurations than this."""
        pairs = [
            *configurations_in(self.call.world, subnet["id"]),
            *((one["id"], one["properties"]["privateIPAddress"]) for one in self.found),
        ]
        return {address: user for user, address in pairs if not same(user, rid.text)}


def _show(world: World, doc: Document) -> Document:
    return doc


def _check_unused(world: World, doc: Document) -> None:
    user = reference_of(doc["properties"], "virtualMachine")
    if user is not None and user.lower() in world.store:
        raise errors.interface_in_use(doc["id"], user)


KIND = Kind(
    collection="networkInterfaces",
    time="network.nic",
    read=_read,
    show=_show,
    check_unused=_check_unused,
    first_state="Succeeded",
)
