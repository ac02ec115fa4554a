"""The manifest of a backup: the VM's whole model, and where the copy of each disk is. Data, versioned.

All that a restore needs and that Azure forgets once the VM is gone. It is read back from the cloud before the
backup counts, so it never depends on the computer that wrote it. It holds no secrets: Azure shows none.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from factory.azure.ids import ArmId, same_id
from factory.azure.machine_models import Machine
from factory.azure.wire import Json, dig
from factory.errors import InvalidInput

VERSION = 2
DEPLOYMENT = "golden-manifest"
"""The deployment in the backup's group whose output is the manifest."""

_NOT_WRITTEN_AGAIN = (
    "vmId",
    "instanceView",
    "provisioningState",
    "timeCreated",
    "osProfile",
    "storageProfile",
    "networkProfile",
    "userData",
)
_ENVELOPE = ("zones", "plan", "extendedLocation")


class _Model(BaseModel):
    """Frozen; unknown fields are kept out, so that an older factory reads a newer manifest of its version."""

    model_config = ConfigDict(frozen=True)


class Part(_Model):
    """The backup of one disk: what a disk is made from to have it again. `lun` is None for the OS disk."""

    lun: int | None
    disk_id: str
    disk_name: str
    size_gb: int
    sku: str
    caching: str
    source_id: str
    """A disk restore point or a snapshot."""


class BlobCopy(_Model):
    """A copy of a part in a storage account: a page blob, which is a fixed VHD."""

    lun: int | None
    disk_name: str
    address: str
    bytes: int
    sha256: str
    """Of its written blocks, see `azure/page_blobs.py`: not of the file from end to end."""


class DiskModel(_Model):
    """A disk as it hung on the VM: its place there, and what a new one must be made with."""

    lun: int | None
    id: str
    name: str
    size_gb: int
    sku: str = "Standard_LRS"
    caching: str = "None"
    delete_option: str = "Detach"
    write_accelerator: bool = False
    zones: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    encryption: dict[str, Any] | None = None
    network: dict[str, Any] = {}
    """Who may reach its content by signature: networkAccessPolicy, publicNetworkAccess, diskAccessId."""
    performance: dict[str, Any] = {}
    """What was paid for beyond the size: tier, bursting, IOPS and throughput, shares."""
    os_type: str | None = None
    generation: str | None = None


class AddressModel(_Model):
    """An IP configuration of an interface."""

    name: str
    primary: bool
    subnet_id: str | None
    private_ip: str | None
    allocation: Literal["Static", "Dynamic"]
    public_id: str | None = None
    public_ip: str | None = None
    public_allocation: str | None = None
    public_delete_option: str | None = None


class InterfaceModel(_Model):
    """A network interface; `body` is what it was made of, for the day on which it is gone."""

    id: str
    name: str
    primary: bool
    delete_option: str = "Detach"
    location: str
    tags: dict[str, str] = {}
    security_group_id: str | None = None
    addresses: tuple[AddressModel, ...] = ()
    body: dict[str, Any] = {}


class ExtensionModel(_Model):
    """An extension, with the settings that Azure shows; protected ones cannot be read by anyone."""

    name: str
    publisher: str
    type: str
    version: str
    settings: Any = None
    auto_upgrade: bool | None = None


class IdentityModel(_Model):
    """The managed identities. The principal of a system-assigned one dies with the VM."""

    type: str
    principal_id: str | None = None
    user_assigned: tuple[str, ...] = ()


class MachineModel(_Model):
    """The VM."""

    id: str
    name: str
    group: str
    location: str
    size: str
    os_type: str
    generation: str | None = None
    vm_id: str | None = None
    power_state: str | None = None
    tags: dict[str, str] = {}
    zones: tuple[str, ...] = ()
    plan: dict[str, str] | None = None
    license_type: str | None = None
    availability_set: str | None = None
    security: dict[str, Any] | None = None
    boot_diagnostics: dict[str, Any] | None = None
    disk_controller: str | None = None
    identity: IdentityModel | None = None
    computer_name: str | None = None
    admin_username: str | None = None
    disks: tuple[DiskModel, ...]
    interfaces: tuple[InterfaceModel, ...]
    extensions: tuple[ExtensionModel, ...] = ()
    envelope: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    """Everything else of the REST model that can be written again: size, security, licence, priority, …"""

    def disk(self, lun: int | None) -> DiskModel:
        """The OS disk (None) or the data disk at a LUN."""
        return next(disk for disk in self.disks if disk.lun == lun)

    @property
    def data_disks(self) -> tuple[DiskModel, ...]:
        """The data disks by LUN."""
        return tuple(disk for disk in self.disks if disk.lun is not None)


class Manifest(_Model):
    """A backup: of which VM, when, how, and in which parts."""

    version: Literal[2] = 2
    run_id: str
    factory: str
    recipe: str
    group: str
    taken: datetime
    method: str
    consistency: str
    machine: MachineModel
    parts: tuple[Part, ...]
    copies: tuple[BlobCopy, ...] = ()

    def part(self, lun: int | None) -> Part:
        """The part of the OS disk (None) or of the data disk at a LUN."""
        return next(part for part in self.parts if part.lun == lun)

    def text(self) -> str:
        """The manifest as it is kept: the same text for the same backup."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def parse_manifest(text: str, origin: str) -> Manifest:
    """Read a manifest. InvalidInput where it is none, or of a version that this factory does not know."""
    try:
        document = json.loads(text)
        version = document.get("version")
        if version != VERSION:
            raise InvalidInput(
                f"{origin}: the manifest has version {version}, this factory reads {VERSION}",
                remedy="restore with the version of the factory that made the backup",
            )
        return Manifest.model_validate(document)
    except (ValueError, AttributeError, ValidationError) as error:
        raise InvalidInput(
            f"{origin}: the manifest cannot be read: {error}", remedy="take another backup"
        ) from error


def read_machine_model(
    machine: Machine,
    *,
    disks: Sequence[Json],
    interfaces: Sequence[Json],
    public_addresses: Mapping[str, Json],
    extensions: Sequence[Json],
) -> MachineModel:
    """The model of a VM from what Azure shows of it and of everything that hangs on it. Pure.

    `public_addresses` are by lower-case ID; REST bodies all.
    """
    raw = machine.raw
    properties: Json = raw.get("properties") or {}
    storage: Json = properties.get("storageProfile") or {}
    bodies = {str(body["id"]).lower(): body for body in disks}
    shown = [
        (None, storage.get("osDisk") or {}),
        *((int(one["lun"]), one) for one in storage.get("dataDisks") or ()),
    ]
    nics = {str(body["id"]).lower(): body for body in interfaces}
    entries = dig(properties, "networkProfile", "networkInterfaces") or ()
    return MachineModel(
        id=machine.id,
        name=machine.name,
        group=machine.group,
        location=machine.location,
        size=machine.size,
        os_type=machine.os_type,
        generation=machine.generation,
        vm_id=machine.vm_id,
        power_state=machine.power_state,
        tags=dict(machine.tags),
        zones=machine.zones,
        plan=dict(raw["plan"]) if raw.get("plan") else None,
        license_type=properties.get("licenseType"),
        availability_set=dig(properties, "availabilitySet", "id"),
        security=properties.get("securityProfile"),
        boot_diagnostics=dig(properties, "diagnosticsProfile", "bootDiagnostics"),
        disk_controller=storage.get("diskControllerType"),
        identity=_identity(raw.get("identity")),
        computer_name=machine.computer_name,
        admin_username=machine.admin_username,
        disks=tuple(_disk(lun, one, bodies) for lun, one in shown),
        interfaces=tuple(
            _interface(entry, nics[str(entry["id"]).lower()], public_addresses, alone=len(entries) == 1)
            for entry in entries
        ),
        extensions=tuple(map(_extension, extensions)),
        envelope={key: raw[key] for key in _ENVELOPE if raw.get(key)},
        properties={key: value for key, value in properties.items() if key not in _NOT_WRITTEN_AGAIN},
    )


def _identity(body: Json | None) -> IdentityModel | None:
    if not body or str(body.get("type", "None")) == "None":
        return None
    return IdentityModel(
        type=str(body["type"]),
        principal_id=body.get("principalId"),
        user_assigned=tuple(sorted(body.get("userAssignedIdentities") or ())),
    )


def _disk(lun: int | None, shown: Json, bodies: Mapping[str, Json]) -> DiskModel:
    disk_id = str(dig(shown, "managedDisk", "id") or "")
    body = bodies.get(disk_id.lower(), {})
    properties: Json = body.get("properties") or {}
    return DiskModel(
        lun=lun,
        id=disk_id,
        name=shown.get("name") or ArmId.parse(disk_id).name,
        size_gb=properties.get("diskSizeGB") or shown.get("diskSizeGB") or 0,
        sku=dig(body, "sku", "name") or dig(shown, "managedDisk", "storageAccountType") or "Standard_LRS",
        caching=shown.get("caching") or "None",
        delete_option=shown.get("deleteOption") or "Detach",
        write_accelerator=bool(shown.get("writeAcceleratorEnabled")),
        zones=tuple(body.get("zones") or ()),
        tags=dict(body.get("tags") or {}),
        encryption=properties.get("encryption"),
        network=_some(properties, "networkAccessPolicy", "publicNetworkAccess", "diskAccessId"),
        performance=_some(
            properties, "tier", "burstingEnabled", "diskIOPSReadWrite", "diskMBpsReadWrite", "maxShares"
        ),
        os_type=properties.get("osType"),
        generation=properties.get("hyperVGeneration"),
    )


def _interface(entry: Json, body: Json, public: Mapping[str, Json], *, alone: bool) -> InterfaceModel:
    options: Json = entry.get("properties") or {}
    properties: Json = body.get("properties") or {}
    configurations = properties.get("ipConfigurations") or ()
    return InterfaceModel(
        id=body["id"],
        name=body["name"],
        primary=alone or bool(options.get("primary")),
        delete_option=options.get("deleteOption") or "Detach",
        location=body["location"],
        tags=dict(body.get("tags") or {}),
        security_group_id=dig(properties, "networkSecurityGroup", "id"),
        addresses=tuple(_address(one, public) for one in configurations),
        body=interface_body(properties),
    )


def interface_body(properties: Json) -> dict[str, Any]:
    """What an interface is made of, without what Azure adds when it shows one."""
    kept = _some(
        properties,
        "networkSecurityGroup",
        "enableAcceleratedNetworking",
        "enableIPForwarding",
        "nicType",
        "auxiliaryMode",
        "auxiliarySku",
    )
    servers = dig(properties, "dnsSettings", "dnsServers")
    label = dig(properties, "dnsSettings", "internalDnsNameLabel")
    if servers or label:
        kept["dnsSettings"] = {"dnsServers": servers or []} | (
            {"internalDnsNameLabel": label} if label else {}
        )
    kept["ipConfigurations"] = [_configuration(one) for one in properties.get("ipConfigurations") or ()]
    return kept


def _configuration(shown: Json) -> dict[str, Any]:
    kept = _some(
        shown.get("properties") or {},
        "primary",
        "subnet",
        "privateIPAllocationMethod",
        "privateIPAddressVersion",
        "publicIPAddress",
        "applicationSecurityGroups",
        "loadBalancerBackendAddressPools",
        "loadBalancerInboundNatRules",
        "applicationGatewayBackendAddressPools",
    )
    if kept.get("privateIPAllocationMethod") == "Static":
        kept["privateIPAddress"] = dig(shown, "properties", "privateIPAddress")
    return {"name": shown["name"], "properties": kept}


def _address(shown: Json, public: Mapping[str, Json]) -> AddressModel:
    properties: Json = shown.get("properties") or {}
    public_id = dig(properties, "publicIPAddress", "id")
    body = public.get(str(public_id).lower(), {})
    return AddressModel(
        name=shown["name"],
        primary=bool(properties.get("primary")),
        subnet_id=dig(properties, "subnet", "id"),
        private_ip=properties.get("privateIPAddress"),
        allocation="Static" if properties.get("privateIPAllocationMethod") == "Static" else "Dynamic",
        public_id=public_id,
        public_ip=dig(body, "properties", "ipAddress"),
        public_allocation=dig(body, "properties", "publicIPAllocationMethod"),
        public_delete_option=dig(properties, "publicIPAddress", "properties", "deleteOption")
        or dig(body, "properties", "deleteOption"),
    )


def _extension(body: Json) -> ExtensionModel:
    properties: Json = body.get("properties") or {}
    return ExtensionModel(
        name=body["name"],
        publisher=properties.get("publisher") or "",
        type=properties.get("type") or "",
        version=properties.get("typeHandlerVersion") or "",
        settings=properties.get("settings"),
        auto_upgrade=properties.get("enableAutomaticUpgrade"),
    )


def _some(body: Json, *keys: str) -> dict[str, Any]:
    return {key: body[key] for key in keys if body.get(key) is not None}


def part_of(parts: Sequence[Part], disk_id: str) -> Part | None:
    """The part that is the backup of a disk."""
    return next((part for part in parts if same_id(part.disk_id, disk_id)), None)
