"""A VM as the factory sees it: data, read from the REST model and its instance view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from factory.azure.wire import Json, dig, ids, read_status


@dataclass(frozen=True)
class MachineDisk:
    """A managed disk on a VM; `lun` is `None` for the OS disk."""

    lun: int | None
    name: str
    id: str
    size_gb: int | None = None
    sku: str | None = None
    caching: str | None = None
    delete_option: str | None = None


@dataclass(frozen=True)
class Plan:
    """The purchase plan of a marketplace image; every VM made from it, or from its copies, must carry it."""

    publisher: str
    product: str
    name: str


@dataclass(frozen=True)
class SecurityProfile:
    """Trusted Launch or confidential computing. An image made without it will not start with it."""

    type: str | None = None
    secure_boot: bool | None = None
    vtpm: bool | None = None
    encryption_at_host: bool | None = None


@dataclass(frozen=True)
class Agent:
    """The guest agent as it reports itself; `status` is its display status, "Ready" or "Not Ready"."""

    status: str | None = None
    version: str | None = None
    message: str | None = None

    @property
    def ready(self) -> bool:
        """True where the agent reports that it is ready."""
        return self.status == "Ready"


@dataclass(frozen=True)
class Machine:
    """A VM. `power_state` is running, stopped, deallocated, ... or `None`; `raw` the whole REST model."""

    id: str
    name: str
    group: str
    location: str
    size: str
    os_type: str
    os_disk: MachineDisk
    data_disks: tuple[MachineDisk, ...] = ()
    interface_ids: tuple[str, ...] = ()
    interfaces_deleted_with_it: tuple[str, ...] = ()
    """The interfaces whose `deleteOption` is Delete."""
    zones: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    vm_id: str | None = None
    provisioning_state: str | None = None
    provisioning_error: str | None = None
    power_state: str | None = None
    generalized: bool = False
    generation: str | None = None
    ephemeral: bool = False
    agent: Agent = field(default_factory=Agent)
    security: SecurityProfile = field(default_factory=SecurityProfile)
    plan: Plan | None = None
    identity: Json | None = None
    computer_name: str | None = None
    admin_username: str | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @property
    def disks(self) -> tuple[MachineDisk, ...]:
        """The OS disk, then the data disks by LUN."""
        return (self.os_disk, *self.data_disks)

    @property
    def security_type(self) -> str | None:
        """TrustedLaunch, ConfidentialVM, or `None` for a standard VM."""
        return self.security.type


def read_machine(body: Json, group: str) -> Machine:
    """Read a VM from its REST model with `instanceView`."""
    properties: Json = body.get("properties") or {}
    view: Json = properties.get("instanceView") or {}
    statuses = view.get("statuses")
    storage: Json = properties.get("storageProfile") or {}
    os_disk: Json = storage.get("osDisk") or {}
    return Machine(
        id=body["id"],
        name=body["name"],
        group=group,
        location=body["location"],
        size=dig(properties, "hardwareProfile", "vmSize") or "",
        os_type=os_disk.get("osType") or "",
        os_disk=_read_disk(os_disk, None),
        data_disks=_read_data_disks(storage.get("dataDisks")),
        interface_ids=ids(dig(properties, "networkProfile", "networkInterfaces")),
        interfaces_deleted_with_it=_interfaces_to_delete(properties),
        zones=tuple(body.get("zones") or ()),
        tags=dict(body.get("tags") or {}),
        vm_id=properties.get("vmId"),
        provisioning_state=properties.get("provisioningState"),
        provisioning_error=_provisioning_error(statuses),
        power_state=read_status(statuses, "PowerState/"),
        generalized=read_status(statuses, "OSState/") == "generalized",
        generation=view.get("hyperVGeneration"),
        ephemeral=dig(os_disk, "diffDiskSettings", "option") == "Local",
        agent=read_agent(view),
        security=_read_security(properties.get("securityProfile")),
        plan=_read_plan(body.get("plan")),
        identity=body.get("identity"),
        computer_name=dig(properties, "osProfile", "computerName"),
        admin_username=dig(properties, "osProfile", "adminUsername"),
        raw=body,
    )


def read_agent(view: Json) -> Agent:
    """Read the agent's own report; its statuses hold at most one that counts."""
    statuses: Sequence[Any] = dig(view, "vmAgent", "statuses") or ()
    told = [status for status in statuses if dig(status, "code")]
    newest = max(told, key=lambda status: str(dig(status, "time") or ""), default=None)
    return Agent(
        status=dig(newest, "displayStatus"),
        version=dig(view, "vmAgent", "vmAgentVersion"),
        message=dig(newest, "message"),
    )


def _provisioning_error(statuses: Sequence[Any] | None) -> str | None:
    """`ProvisioningState/failed/OSProvisioningTimedOut` -> `OSProvisioningTimedOut`."""
    state = read_status(statuses, "ProvisioningState/") or ""
    return state.partition("/")[2] or None


def _read_data_disks(disks: Sequence[Any] | None) -> tuple[MachineDisk, ...]:
    read = [_read_disk(disk, int(disk["lun"])) for disk in disks or ()]
    return tuple(sorted(read, key=lambda disk: disk.lun or 0))


def _read_disk(disk: Json, lun: int | None) -> MachineDisk:
    return MachineDisk(
        lun=lun,
        name=disk.get("name") or "",
        id=dig(disk, "managedDisk", "id") or "",
        size_gb=disk.get("diskSizeGB"),
        sku=dig(disk, "managedDisk", "storageAccountType"),
        caching=disk.get("caching"),
        delete_option=disk.get("deleteOption"),
    )


def _interfaces_to_delete(properties: Json) -> tuple[str, ...]:
    entries = dig(properties, "networkProfile", "networkInterfaces") or ()
    return ids(one for one in entries if dig(one, "properties", "deleteOption") == "Delete")


def _read_security(profile: Json | None) -> SecurityProfile:
    kind = dig(profile, "securityType")
    return SecurityProfile(
        type=None if kind == "Standard" else kind,
        secure_boot=dig(profile, "uefiSettings", "secureBootEnabled"),
        vtpm=dig(profile, "uefiSettings", "vTpmEnabled"),
        encryption_at_host=dig(profile, "encryptionAtHost"),
    )


def _read_plan(plan: Json | None) -> Plan | None:
    return Plan(plan["publisher"], plan["product"], plan["name"]) if plan else None
