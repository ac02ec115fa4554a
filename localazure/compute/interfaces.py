"""The machine's network interfaces. The guest answers at the address of the primary one.

Hosts whose guests can have several say so by `interfaces`, the most that they play; the others have one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.deleters import delete_resource
from localazure.arm.ids import ResourceId
from localazure.compute import errors
from localazure.guests.base import Rule
from localazure.network.models import attach_nic, detach_nic, nic_address, nic_rules

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

NICS = "Microsoft.Network/networkInterfaces"


def read(world: World, vm: ResourceId, given: Any, location: str) -> list[dict[str, Any]]:
    """The interfaces of a machine to create, checked: there, in the region, and nobody else's."""
    if not isinstance(given, dict):
        raise errors.missing_parameter("networkProfile")
    if given.get("networkInterfaceConfigurations"):
        raise errors.single_nic_only()
    nics = given.get("networkInterfaces") or []
    if not nics:
        raise errors.missing_parameter("networkProfile.networkInterfaces")
    if len(nics) > int(getattr(world.guests, "interfaces", 1)):
        raise errors.single_nic_only()
    shown = [_read_one(world, vm, one, location) for one in nics]
    if len(nics) > 1 and sum(_is_primary(one) for one in shown) != 1:
        raise errors.one_primary_nic(vm.name)
    return shown


def _is_primary(shown: dict[str, Any]) -> bool:
    return bool((shown.get("properties") or {}).get("primary"))


def primary(vm: Document) -> str:
    """The id of the machine's primary interface."""
    nics: list[dict[str, Any]] = vm["properties"]["networkProfile"]["networkInterfaces"]
    return str(next((one for one in nics if _is_primary(one)), nics[0])["id"])


def _read_one(world: World, vm: ResourceId, given: dict[str, Any], location: str) -> dict[str, Any]:
    text = given.get("id")
    try:
        rid = ResourceId.parse(str(text))
    except ValueError:
        raise errors.invalid_parameter(
            f"Id {text} is not a valid resource reference.", target="networkProfile.networkInterfaces.id"
        ) from None
    doc = world.store.get(rid)
    if doc is None or rid.type.lower() != NICS.lower() or doc["location"] != location:
        raise errors.reference_not_found(rid.text, vm.text)
    user = (doc["properties"].get("virtualMachine") or {}).get("id")
    if user and user.lower() != vm.key:
        raise errors.nic_in_use(doc["id"], user)
    shown: dict[str, Any] = {"id": doc["id"]}
    options = dict(given.get("properties") or {})
    options |= {key: given[key] for key in ("primary", "deleteOption") if key in given}
    if options:
        shown["properties"] = options
    return shown


def attach(world: World, vm: Document) -> None:
    """Bind the machine's interfaces to it."""
    for nic in vm["properties"]["networkProfile"]["networkInterfaces"]:
        attach_nic(world, nic["id"], vm["id"], primary=nic["id"] == primary(vm))


def address(world: World, vm: Document) -> tuple[str, tuple[Rule, ...]]:
    """The private address and the inbound rules that the guest is to have."""
    nic = primary(vm)
    rules = tuple(Rule.from_document(rule) for rule in nic_rules(world, nic))
    return nic_address(world, nic), rules


async def release(world: World, vm: Document) -> None:
    """Unbind the interfaces; with deleteOption Delete they go, and so do addresses that say the same."""
    for nic in vm["properties"].get("networkProfile", {}).get("networkInterfaces", []):
        doc = world.store.get(nic["id"])
        if doc is None:
            continue
        detach_nic(world, nic["id"])
        if (nic.get("properties") or {}).get("deleteOption") != "Delete":
            continue
        if (doc := world.store.get(nic["id"])) is not None:
            await delete_resource(world, doc)
            await _delete_addresses(world, doc)


async def _delete_addresses(world: World, nic: Document) -> None:
    for configuration in nic["properties"].get("ipConfigurations", []):
        given = configuration["properties"].get("publicIPAddress") or {}
        address_doc = world.store.get(given["id"]) if given.get("id") else None
        option = (given.get("properties") or {}).get("deleteOption") or (
            address_doc["properties"].get("deleteOption") if address_doc else None
        )
        if address_doc is not None and option == "Delete":
            await delete_resource(world, address_doc)
