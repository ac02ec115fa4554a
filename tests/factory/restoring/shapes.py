"""VMs of many shapes on a local Azure whose machines are dictionaries, so that disks can be looked into."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.localazure.machines import MARKETPLACE, SIZE, Yard, os_profile

APP = "app"


@dataclass(frozen=True)
class Shape:
    """A VM to be backed up and restored; `features` are the words that `restore_plan` has for it."""

    name: str
    features: frozenset[str]
    build: Callable[[Yard], dict[str, Any]] = field(compare=False)


def _nic(yard: Yard, name: str, **properties: Any) -> str:
    return yard.nic(name, **properties)


def _body(
    yard: Yard, *, luns: tuple[int, ...] = (), nics: list[dict[str, Any]] | None = None, **more: Any
) -> Any:
    data = [
        {
            "lun": lun,
            "createOption": "Empty",
            "diskSizeGB": 4 + lun,
            "name": f"{APP}-data-{lun}",
            "caching": "ReadOnly" if lun % 2 else "None",
            "managedDisk": {"storageAccountType": "StandardSSD_LRS"},
        }
        for lun in luns
    ]
    nics = nics or [{"id": _nic(yard, "nic-a")}]
    return {
        "location": "westeurope",
        **more,
        "properties": {
            "hardwareProfile": {"vmSize": SIZE},
            "storageProfile": {
                "imageReference": MARKETPLACE,
                "osDisk": {"createOption": "FromImage", "name": f"{APP}-os", "caching": "ReadWrite"},
                "dataDisks": data,
            },
            "osProfile": os_profile(),
            "networkProfile": {"networkInterfaces": nics},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
    }


def _two_interfaces(yard: Yard) -> dict[str, Any]:
    nics = [
        {"id": _nic(yard, "nic-a"), "properties": {"primary": False}},
        {"id": _nic(yard, "nic-b"), "properties": {"primary": True}},
    ]
    return dict(_body(yard, nics=nics))


def _addresses(yard: Yard) -> dict[str, Any]:
    public = f"{yard.group}/providers/Microsoft.Network/publicIPAddresses/front"
    given = {"publicIPAllocationMethod": "Static", "deleteOption": "Delete"}
    yard.done(
        yard.wire("PUT", public, {"location": "westeurope", "sku": {"name": "Standard"}, "properties": given})
    )
    address = yard.subnet and ".".join(_prefix(yard).split(".")[:3]) + ".77"
    nic = _nic(
        yard,
        "nic-a",
        privateIPAllocationMethod="Static",
        privateIPAddress=address,
        publicIPAddress={"id": public, "properties": {"deleteOption": "Delete"}},
    )
    return dict(_body(yard, nics=[{"id": nic, "properties": {"deleteOption": "Delete"}}]))


def _prefix(yard: Yard) -> str:
    return str(yard.get(yard.subnet)["properties"]["addressPrefix"])


def _identity(yard: Yard) -> dict[str, Any]:
    one = f"{yard.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
    return dict(_body(yard, identity={"type": "UserAssigned", "userAssignedIdentities": {one: {}}}))


SHAPES = (
    Shape("one-disk", frozenset(), lambda yard: dict(_body(yard))),
    Shape("odd-luns", frozenset({"data disks"}), lambda yard: dict(_body(yard, luns=(3, 7)))),
    Shape("two-interfaces", frozenset({"several interfaces"}), _two_interfaces),
    Shape("addresses", frozenset({"static private address", "public address"}), _addresses),
    Shape("identity", frozenset({"user-assigned identity"}), _identity),
    Shape("zone", frozenset({"zone", "data disks"}), lambda yard: dict(_body(yard, luns=(0,), zones=["2"]))),
    Shape("tags", frozenset({"tags"}), lambda yard: dict(_body(yard, tags={"owner": "shop", "Cost": "42"}))),
)


def make(yard: Yard, shape: Shape) -> str:
    """Make the VM of a shape, with something on every disk; its ID."""
    vm = yard.path("virtualMachines", APP)
    yard.done(yard.wire("PUT", vm, shape.build(yard)))
    for disk in disks_of(yard, vm).values():
        yard.write(disk, content=f"what the user has on {disk.rsplit('/', 1)[-1]}")
    return vm


def disks_of(yard: Yard, vm: str) -> dict[int | None, str]:
    """The IDs of a VM's disks by LUN; None is the OS disk."""
    storage = yard.get(vm)["properties"]["storageProfile"]
    found: dict[int | None, str] = {None: storage["osDisk"]["managedDisk"]["id"]}
    return found | {one["lun"]: one["managedDisk"]["id"] for one in storage["dataDisks"]}


def contents_of(yard: Yard, vm: str) -> dict[int | None, str]:
    """What is on a VM's disks by LUN."""
    return {lun: str(yard.files(disk).get("content")) for lun, disk in disks_of(yard, vm).items()}
