"""The plan of a restore: what will be done, and what cannot come back, before anything starts. Pure.

Three ways. `swap`: the VM is there and not generalized, so its disks are exchanged while it is deallocated.
`recreate`: it is generalized or gone, so it is made again around new disks, with its own interfaces. `copy`:
another VM beside it, in a group of its own. No disk of the user is ever deleted: those that are replaced are
tagged with an expiry and stay.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from factory.azure.ids import ArmId, same_id
from factory.azure.locks import Lock
from factory.azure.machine_models import Machine
from factory.manifest import DiskModel, InterfaceModel, Manifest
from factory.plan import TAG_EXPIRES, TAG_FACTORY, TAG_RECIPE, TAG_ROLE, TAG_RUN
from factory.restore_losses import tell_losses

TAG_RESTORED = "golden-restored-from"
"""On what a restore made: the run whose backup it is from. It has no expiry: it is the user's."""

REPLACED = "replaced"
"""The role of a disk that a restore took off a VM."""

KEPT_DAYS = 14
_LONGEST_NAME = 80
_EARLIER = re.compile(r"-\d{12}[0-9a-f]{4}$")
_ELSEWHERE = (
    "availabilitySet",
    "virtualMachineScaleSet",
    "proximityPlacementGroup",
    "host",
    "hostGroup",
    "capacityReservation",
    "platformFaultDomain",
)
_TRAFFIC = (
    "publicIPAddress",
    "loadBalancerBackendAddressPools",
    "loadBalancerInboundNatRules",
    "applicationGatewayBackendAddressPools",
)
"""What brings the original's traffic to an interface: a copy beside it must not get any of it."""

Way = Literal["swap", "recreate", "copy"]


@dataclass(frozen=True)
class Live:
    """What there is now. `present` are the IDs, in lower case, of what of the manifest still exists."""

    machine: Machine | None = None
    present: frozenset[str] = frozenset()
    holders: Mapping[str, str] = field(default_factory=dict)
    """Interface -> the VM that has it, IDs in lower case."""
    locks: tuple[Lock, ...] = ()

    def has(self, resource_id: str) -> bool:
        """Tell whether something still exists."""
        return resource_id.lower() in self.present


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True)


class PlannedDisk(_Data):
    """A disk to make from the backup; `replaces` is the disk that is in its place now."""

    lun: int | None
    id: str
    body: dict[str, Any]
    size_gb: int
    replaces: str | None = None


class PlannedInterface(_Data):
    """An interface of the VM; with a body it has to be made."""

    id: str
    body: dict[str, Any] | None = None


class RestorePlan(_Data):
    """What a restore does, names and bodies and all."""

    restore_id: str
    backup: str
    backup_group: str
    way: Way
    machine_id: str
    machine: str
    location: str
    delete_first: bool = False
    own_group: dict[str, str] | None = None
    """The tags of a new group to put the copy into, as long as it is not proven."""
    disks: tuple[PlannedDisk, ...]
    staying: tuple[dict[str, Any], ...] = ()
    """Data disks that came after the backup, as the VM has them: they stay."""
    interfaces: tuple[PlannedInterface, ...]
    body: dict[str, Any]
    """The VM to make; in a swap its storage profile is what is exchanged."""
    start: bool
    replaced_tags: dict[str, str]
    steps: tuple[str, ...]
    losses: tuple[str, ...]
    refusals: tuple[str, ...] = ()


def plan_restore(
    manifest: Manifest, live: Live, *, restore_id: str, now: datetime, name: str | None = None
) -> RestorePlan:
    """Plan to have the VM of a backup again: in its place, or with `name` as another one beside it."""
    way = _choose_way(live, name)
    machine_id = manifest.machine.id if name is None else _copy_id(manifest, name, restore_id)
    disks = tuple(_plan_disk(manifest, disk, live, machine_id, restore_id) for disk in manifest.machine.disks)
    staying = () if way == "copy" else tuple(_staying(manifest, live.machine))
    interfaces = tuple(_plan_interface(one, live, way, machine_id) for one in manifest.machine.interfaces)
    generalized = live.machine is not None and live.machine.generalized
    draft = RestorePlan(
        restore_id=restore_id,
        backup=manifest.run_id,
        backup_group=manifest.group,
        way=way,
        machine_id=machine_id,
        machine=ArmId.parse(machine_id).name,
        location=manifest.machine.location,
        delete_first=way == "recreate" and generalized,
        own_group=_trial_tags(manifest, restore_id, now) if way == "copy" else None,
        disks=disks,
        staying=staying,
        interfaces=interfaces,
        body=_machine_body(manifest, way, disks, staying, interfaces),
        start=way == "copy" or manifest.machine.power_state in ("running", "starting"),
        replaced_tags=_replaced_tags(manifest, restore_id, now),
        steps=(),
        losses=tuple(tell_losses(manifest, way, live.present)),
        refusals=tuple(_refusals(manifest, live, way)),
    )
    return draft.model_copy(update={"steps": tuple(_tell(draft, manifest, live, now))})


def _choose_way(live: Live, name: str | None) -> Way:
    if name is not None:
        return "copy"
    return "recreate" if live.machine is None or live.machine.generalized else "swap"


def _copy_id(manifest: Manifest, name: str, restore_id: str) -> str:
    subscription = ArmId.parse(manifest.machine.id).subscription
    group = f"/subscriptions/{subscription}/resourceGroups/golden-restored-{name}-{restore_id}"
    return f"{group}/providers/Microsoft.Compute/virtualMachines/{name}"


def _plan_disk(
    manifest: Manifest, disk: DiskModel, live: Live, machine_id: str, restore_id: str
) -> PlannedDisk:
    part = manifest.part(disk.lun)
    place = disk.id if same_id(machine_id, manifest.machine.id) else machine_id
    new_id = _beside(place, "Microsoft.Compute/disks", _new_name(disk.name, restore_id))
    now_there = _disk_at(live.machine, disk.lun) if same_id(machine_id, manifest.machine.id) else None
    return PlannedDisk(
        lun=disk.lun,
        id=new_id,
        size_gb=disk.size_gb,
        body=_disk_body(manifest, disk, part.source_id, restore_id),
        replaces=None if now_there is None or same_id(now_there, new_id) else now_there,
    )


def _new_name(name: str, restore_id: str) -> str:
    """The disk's name with the restore's ID in the place of an earlier restore's."""
    stem = _EARLIER.sub("", name)[: _LONGEST_NAME - len(restore_id) - 1]
    return f"{stem}-{restore_id}"


def _beside(resource_id: str, kind: str, name: str) -> str:
    return f"{resource_id.split('/providers/', 1)[0]}/providers/{kind}/{name}"


def _disk_at(machine: Machine | None, lun: int | None) -> str | None:
    return next((disk.id for disk in machine.disks if disk.lun == lun), None) if machine else None


def _disk_body(manifest: Manifest, disk: DiskModel, source: str, restore_id: str) -> dict[str, Any]:
    option = "Restore" if "/restorepoints/" in source.lower() else "Copy"
    properties: dict[str, Any] = {
        "creationData": {"createOption": option, "sourceResourceId": source},
        **disk.network,
        **_performance(disk),
    }
    if disk.encryption and disk.encryption.get("diskEncryptionSetId"):
        properties["encryption"] = disk.encryption
    body: dict[str, Any] = {
        "location": manifest.machine.location,
        "tags": {**disk.tags, TAG_RESTORED: manifest.run_id, TAG_RUN: restore_id},
        "sku": {"name": disk.sku},
        "properties": properties,
    }
    return body | ({"zones": list(disk.zones)} if disk.zones else {})


def _performance(disk: DiskModel) -> dict[str, Any]:
    """What was asked for beyond the size. Azure shows IOPS and throughput of all disks, and lets them be set
    only on those that are paid by them; a tier only on Premium SSD.
    """
    paid_by_figures = disk.sku in ("UltraSSD_LRS", "PremiumV2_LRS")
    allowed = {
        "diskIOPSReadWrite": paid_by_figures,
        "diskMBpsReadWrite": paid_by_figures,
        "tier": disk.sku.startswith("Premium_"),
        "burstingEnabled": disk.sku.startswith("Premium_") and disk.performance.get("burstingEnabled"),
        "maxShares": (disk.performance.get("maxShares") or 1) > 1,
    }
    return {key: value for key, value in disk.performance.items() if allowed.get(key)}


def _plan_interface(model: InterfaceModel, live: Live, way: Way, machine_id: str) -> PlannedInterface:
    if way == "copy":
        new_id = _beside(machine_id, "Microsoft.Network/networkInterfaces", model.name)
        return PlannedInterface(id=new_id, body=_interface_body(model, _without_traffic(model.body)))
    if live.has(model.id):
        return PlannedInterface(id=model.id)
    return PlannedInterface(id=model.id, body=_interface_body(model, _without_lost(model.body, live)))


def _interface_body(model: InterfaceModel, properties: dict[str, Any]) -> dict[str, Any]:
    return {"location": model.location, "tags": dict(model.tags), "properties": properties}


def _without_traffic(body: Mapping[str, Any]) -> dict[str, Any]:
    """A copy's interface: same subnet and rules, an address of its own, none of the original's traffic."""

    def free(one: Mapping[str, Any]) -> dict[str, Any]:
        given = one["properties"]
        kept = {key: value for key, value in given.items() if key not in (*_TRAFFIC, "privateIPAddress")}
        return {"name": one["name"], "properties": {**kept, "privateIPAllocationMethod": "Dynamic"}}

    servers = (body.get("dnsSettings") or {}).get("dnsServers")
    made = {**body, "ipConfigurations": [free(one) for one in body["ipConfigurations"]]}
    made.pop("dnsSettings", None)
    return made | ({"dnsSettings": {"dnsServers": servers}} if servers else {})


def _without_lost(body: Mapping[str, Any], live: Live) -> dict[str, Any]:
    """An interface that is made again, without a public address that is gone with it."""

    def kept(one: Mapping[str, Any]) -> dict[str, Any]:
        given = dict(one["properties"])
        public = (given.get("publicIPAddress") or {}).get("id")
        if public and not live.has(public):
            del given["publicIPAddress"]
        return {"name": one["name"], "properties": given}

    return {**body, "ipConfigurations": [kept(one) for one in body["ipConfigurations"]]}


def _staying(manifest: Manifest, machine: Machine | None) -> Iterable[dict[str, Any]]:
    """The data disks of the VM at LUNs that the backup knows nothing of."""
    known = {disk.lun for disk in manifest.machine.disks}
    for disk in machine.data_disks if machine else ():
        if disk.lun not in known:
            yield _attached(disk.lun, disk.id, disk.caching or "None", disk.delete_option or "Detach")


def _attached(lun: int | None, disk_id: str, caching: str, delete_option: str) -> dict[str, Any]:
    body: dict[str, Any] = {} if lun is None else {"lun": lun}
    return body | {
        "name": ArmId.parse(disk_id).name,
        "createOption": "Attach",
        "caching": caching,
        "managedDisk": {"id": disk_id},
        "deleteOption": delete_option,
    }


def _machine_body(
    manifest: Manifest,
    way: Way,
    disks: tuple[PlannedDisk, ...],
    staying: tuple[dict[str, Any], ...],
    interfaces: tuple[PlannedInterface, ...],
) -> dict[str, Any]:
    model = manifest.machine
    properties = {
        key: value for key, value in model.properties.items() if way == "recreate" or key not in _ELSEWHERE
    }
    nics = [
        {"id": planned.id, "properties": {"primary": one.primary, "deleteOption": one.delete_option}}
        for planned, one in zip(interfaces, model.interfaces, strict=True)
    ]
    body: dict[str, Any] = {
        "location": model.location,
        "tags": {**model.tags, TAG_RESTORED: manifest.run_id},
        **model.envelope,
        "properties": {
            **properties,
            "storageProfile": _storage(manifest, disks, staying),
            "networkProfile": {"networkInterfaces": nics},
        },
    }
    if model.identity:
        body["identity"] = _identity(model.identity.type, model.identity.user_assigned)
    return body


def _identity(kind: str, user_assigned: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {"type": kind}
    return body | ({"userAssignedIdentities": {one: {} for one in user_assigned}} if user_assigned else {})


def _storage(
    manifest: Manifest, disks: tuple[PlannedDisk, ...], staying: tuple[dict[str, Any], ...]
) -> dict[str, Any]:
    shown = [
        _attached(disk.lun, disk.id, old.caching, old.delete_option)
        | ({"writeAcceleratorEnabled": True} if old.write_accelerator else {})
        for disk in disks
        for old in (manifest.machine.disk(disk.lun),)
    ]
    os_disk = shown[0] | {"osType": manifest.machine.os_type}
    data = sorted([*shown[1:], *staying], key=lambda one: int(one["lun"]))
    controller = manifest.machine.disk_controller
    return {"osDisk": os_disk, "dataDisks": data} | ({"diskControllerType": controller} if controller else {})


def _replaced_tags(manifest: Manifest, restore_id: str, now: datetime) -> dict[str, str]:
    return {
        TAG_FACTORY: manifest.factory,
        TAG_RUN: restore_id,
        TAG_RECIPE: manifest.recipe,
        TAG_ROLE: REPLACED,
        TAG_EXPIRES: (now + timedelta(days=KEPT_DAYS)).isoformat(timespec="seconds"),
    }


def _trial_tags(manifest: Manifest, restore_id: str, now: datetime) -> dict[str, str]:
    """A copy is scaffolding until it is proven: a restore that was killed leaves it to the reaper."""
    return {
        **_replaced_tags(manifest, restore_id, now),
        TAG_ROLE: "scaffolding",
        TAG_EXPIRES: (now + timedelta(days=1)).isoformat(timespec="seconds"),
    }


def _refusals(manifest: Manifest, live: Live, way: Way) -> Iterable[str]:
    if way == "copy":
        yield from _missing_subnets(manifest, live)
        return
    for lock in live.locks:
        if lock.level == "ReadOnly" or live.machine is None or live.machine.generalized:
            yield f"lock {lock.name} ({lock.level}) on {lock.scope}: remove it for the time of the restore"
    for nic, holder in live.holders.items():
        if not same_id(holder, manifest.machine.id):
            yield f"interface {nic} is now VM {holder}'s: detach it there, or restore with --as NAME"
    if live.machine is not None and live.machine.generalized:
        yield from _would_be_deleted(live.machine)
    if any(not live.has(one.id) for one in manifest.machine.interfaces):
        yield from _missing_subnets(manifest, live)


def _missing_subnets(manifest: Manifest, live: Live) -> Iterable[str]:
    for one in manifest.machine.interfaces:
        for address in one.addresses:
            if address.subnet_id and not live.has(address.subnet_id):
                yield f"subnet {address.subnet_id} of interface {one.name} is gone: make it again first"


def _would_be_deleted(machine: Machine) -> Iterable[str]:
    """A generalized VM cannot be changed any more, so what would go with it cannot be saved from that."""
    names = [disk.name for disk in machine.disks if disk.delete_option == "Delete"]
    if names or _interfaces_to_delete(machine):
        what = ", ".join([*names, *_interfaces_to_delete(machine)])
        yield (
            f"the VM is generalized, and Azure would delete {what} with it (deleteOption Delete, which "
            "cannot be changed any more): restore with --as NAME"
        )


def _interfaces_to_delete(machine: Machine) -> list[str]:
    return [one.rsplit("/", 1)[-1] for one in machine.interfaces_deleted_with_it]


def _tell(plan: RestorePlan, manifest: Manifest, live: Live, now: datetime) -> Iterable[str]:
    """What will be done, in sentences, in order."""
    for disk in plan.disks:
        where = "OS disk" if disk.lun is None else f"LUN {disk.lun}"
        yield f"make disk {ArmId.parse(disk.id).name} ({disk.size_gb} GiB, {where}) from the backup"
    yield from (f"make interface {ArmId.parse(one.id).name}" for one in plan.interfaces if one.body)
    if plan.way == "copy":
        group = ArmId.parse(plan.machine_id).group
        yield f"create VM {plan.machine} in the new group {group}, and see it run"
        return
    replaced = [ArmId.parse(disk.replaces).name for disk in plan.disks if disk.replaces]
    if replaced:
        yield f"keep {', '.join(replaced)}, with an expiry in {KEPT_DAYS} days"
    for one in plan.staying:
        yield f"leave disk {one['name']} at LUN {one['lun']}: it is not in the backup"
    if plan.way == "swap":
        state = live.machine.power_state if live.machine else None
        yield from ("stop and deallocate the VM",) if state != "deallocated" else ()
        yield "exchange its disks"
    else:
        if plan.delete_first:
            yield "delete the VM, which is generalized and never starts again; disks and interfaces stay"
        yield f"create VM {plan.machine} again with its interfaces, tags and identities"
    yield "start it, and wait for its agent" if plan.start else "leave it deallocated, as it was"


def describe_age(manifest: Manifest, now: datetime) -> str:
    """How old a backup is, as people say it."""
    hours = (now - manifest.taken).total_seconds() / 3600
    return (
        f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
    )
