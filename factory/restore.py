"""Restore: have the VM of a backup again. Carries out what `restore_plan` has planned, and looks at each end.

Everything can be entered again: names come from the restore's ID, which the backup's group keeps as a tag
until the end, and what is done already is found and left. Nothing of the user's is deleted but a VM that can
never start again, and that only after Azure showed that all its disks and interfaces stay.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from factory.azure import disks, groups, locks, machines
from factory.azure.client import Azure
from factory.azure.disks import Disk
from factory.azure.ids import ArmId, same_id
from factory.azure.looking import Seen, look_until_done
from factory.azure.machines import Machine
from factory.azure.wire import dig
from factory.backups import TAG_RESTORING
from factory.errors import Conflict, FactoryError, NotFound, RestoreFailed, RestoreRefused
from factory.inventory import public_ids
from factory.manifest import Manifest
from factory.plan import TAG_ROLE, TAG_RUN
from factory.record import RunRecord
from factory.restore_plan import TAG_RESTORED, Live, PlannedDisk, RestorePlan

STEP = "restore"
DISK, POWER, MACHINE, AGENT, DELETE = (timedelta(minutes=minutes) for minutes in (60, 20, 30, 15, 30))


class Restored(BaseModel):
    """What a restore made; `kept` are the disks that it took off the VM."""

    model_config = ConfigDict(frozen=True)

    machine_id: str
    way: str
    disks: dict[str, str]
    """LUN, or "os" -> disk ID."""
    kept: tuple[str, ...]
    power_state: str | None
    agent: str | None


@dataclass(frozen=True)
class Restorer:
    """One restore as its steps see it."""

    azure: Azure
    plan: RestorePlan
    record: RunRecord

    def tell(self, text: str) -> None:
        """Note progress."""
        self.record.write(STEP, "progress", text)


async def look_at_live(azure: Azure, manifest: Manifest) -> Live:
    """What there is now of what the manifest names."""
    model = manifest.machine
    machine = await _find_machine(azure, model.id)
    bodies = await asyncio.gather(*(groups.read_resource(azure, one.id) for one in model.interfaces))
    found = [body for body in bodies if body]
    subnets = {
        address.subnet_id for one in model.interfaces for address in one.addresses if address.subnet_id
    }
    public = {address.public_id for one in model.interfaces for address in one.addresses if address.public_id}
    looked = sorted(subnets | public | set(public_ids(found)))
    there = await asyncio.gather(*(groups.read_resource(azure, one) for one in looked))
    present = [str(body["id"]) for body in (*found, *there) if body]
    holders = {str(body["id"]).lower(): dig(body, "properties", "virtualMachine", "id") for body in found}
    held = [model.id, *present, *((disk.id for disk in machine.disks) if machine else ())]
    return Live(
        machine=machine,
        present=frozenset(one.lower() for one in present),
        holders={nic: str(vm).lower() for nic, vm in holders.items() if vm},
        locks=tuple(await locks.find_locks(azure, held)),
    )


async def carry_out(azure: Azure, plan: RestorePlan, record: RunRecord) -> Restored:
    """Restore. RestoreRefused before anything is done; RestoreFailed names how to go on. Idempotent."""
    if plan.refusals:
        raise RestoreRefused(plan.backup, list(plan.refusals))
    work = Restorer(azure, plan, record)
    with record.step(STEP, f"{plan.machine} from backup {plan.backup}: {plan.way}"):
        for loss in plan.losses:
            record.write(STEP, "fact", f"cannot come back: {loss}")
        try:
            return await _WAYS[plan.way](work)
        except FactoryError as error:
            if plan.way == "copy":
                await _remove_copy(work, error)
                raise
            raise RestoreFailed(plan.machine, plan.backup, error) from error


async def _in_place(work: Restorer) -> Restored:
    await _mark(work, work.plan.restore_id)
    await _make_disks(work)
    await _tag_replaced(work)
    if work.plan.way == "swap":
        await _swap(work)
    else:
        await _recreate(work)
    restored = await _prove(work)
    await _mark(work, None)
    return restored


async def _copy(work: Restorer) -> Restored:
    plan = work.plan
    group, tags = ArmId.parse(plan.machine_id).group, plan.own_group or {}
    await groups.create_group(work.azure, group, location=plan.location, tags=tags)
    await _make_disks(work)
    await _recreate(work)
    restored = await _prove(work)
    await groups.set_tags(work.azure, group, {TAG_RESTORED: plan.backup})
    return restored


async def _mark(work: Restorer, restore_id: str | None) -> None:
    """Say at the backup that it is being restored, and by which restore; or no more."""
    found = await groups.get_group(work.azure, work.plan.backup_group)
    if found is None:
        raise NotFound(f"read resource group {work.plan.backup_group}")
    tags = {key: value for key, value in found.tags.items() if key != TAG_RESTORING}
    tags |= {TAG_RESTORING: restore_id} if restore_id else {}
    await groups.set_tags(work.azure, found.name, tags)


async def _make_disks(work: Restorer) -> None:
    work.tell(f"making {len(work.plan.disks)} disks from the backup")
    await asyncio.gather(*(_make_disk(work, disk) for disk in work.plan.disks))


async def _make_disk(work: Restorer, disk: PlannedDisk) -> None:
    made = await _find_settled_disk(work.azure, disk.id)
    if made is not None and made.tags.get(TAG_RUN) != work.plan.restore_id:
        raise Conflict(f"make disk {made.name}: there is one of this name that no restore made")
    if made is None or made.raw["properties"].get("provisioningState") != "Succeeded":
        made = await disks.create_disk(work.azure, disk.id, disk.body, deadline=DISK)
    if made.size_gb != disk.size_gb:
        raise Conflict(f"restore disk {made.name}: it has {made.size_gb} GiB instead of {disk.size_gb}")


async def _find_settled_disk(azure: Azure, disk_id: str) -> Disk | None:
    """The disk, once nothing is under way on it: an entry that was killed may have begun to make it."""

    async def look() -> Seen[Disk | None]:
        found = await disks.find_disk(azure, disk_id)
        state = str(found.raw["properties"].get("provisioningState")) if found else "absent"
        return Seen(found, state, state in ("absent", "Succeeded", "Failed", "Canceled"))

    name = ArmId.parse(disk_id).name
    return await look_until_done(azure, f"see disk {name} settled", look, deadline=DISK)


async def _tag_replaced(work: Restorer) -> None:
    """Give what is replaced an expiry before it is taken off: a killed restore then leaves no stray."""
    for disk in work.plan.disks:
        old = await disks.find_disk(work.azure, disk.replaces) if disk.replaces else None
        if old is not None and not _is_tagged(old, work.plan):
            tags = {**old.tags, **work.plan.replaced_tags}
            await disks.tag_disk(work.azure, old.id, tags, deadline=DISK)


def _is_tagged(disk: Disk, plan: RestorePlan) -> bool:
    return all(disk.tags.get(tag) == plan.replaced_tags[tag] for tag in (TAG_RUN, TAG_ROLE))


async def _swap(work: Restorer) -> None:
    """Exchange the disks of a deallocated VM: the OS disk first, since Azure is strictest about that one."""
    azure, plan = work.azure, work.plan
    machine = await machines.wait_settled(azure, plan.machine_id, deadline=MACHINE)
    if _placed(machine) == _wanted(plan):
        return
    if machine.power_state != "deallocated":
        work.tell("stopping and deallocating the VM")
        await machines.deallocate(azure, plan.machine_id, deadline=POWER)
    storage = plan.body["properties"]["storageProfile"]
    work.tell("exchanging its disks")
    if not same_id(machine.os_disk.id, plan.disks[0].id):
        os_disk = {key: storage["osDisk"][key] for key in ("name", "managedDisk", "caching", "deleteOption")}
        body = {"properties": {"storageProfile": {"osDisk": os_disk}}}
        machine = await machines.update_machine(azure, plan.machine_id, body, deadline=POWER)
    if _placed(machine) != _wanted(plan):
        body = {"properties": {"storageProfile": {"dataDisks": storage["dataDisks"]}}}
        await machines.update_machine(azure, plan.machine_id, body, deadline=POWER)


async def _recreate(work: Restorer) -> None:
    azure, plan = work.azure, work.plan
    rid = ArmId.parse(plan.machine_id)
    machine = await _find_machine(azure, plan.machine_id)
    if machine is not None and machine.generalized:
        await _delete_generalized(work, machine)
        machine = None
    for one in plan.interfaces:
        if one.body is not None and await groups.read_resource(azure, one.id) is None:
            await groups.write_resource(azure, one.id, one.body, deadline=MACHINE)
    if machine is None or machine.provisioning_state != "Succeeded":
        work.tell(f"creating VM {plan.machine}")
        await machines.create_machine(
            azure, rid.group, rid.name, plan.body, deadline=MACHINE, progress=work.tell
        )


async def _delete_generalized(work: Restorer, machine: Machine) -> None:
    """Delete a VM that can never start again, once it is read that everything on it stays."""
    going = [disk.name for disk in machine.disks if disk.delete_option == "Delete"]
    going += [one.rsplit("/", 1)[-1] for one in machine.interfaces_deleted_with_it]
    if going:
        raise RestoreRefused(work.plan.backup, [f"Azure would delete {', '.join(going)} with the VM"])
    work.tell(f"deleting the generalized VM {machine.name}; its disks and interfaces stay")
    await machines.delete_machine(work.azure, machine.id, deadline=DELETE)
    for disk in machine.disks:
        await disks.get_disk(work.azure, disk.id)  # NotFound tells that a disk went with it


async def _prove(work: Restorer) -> Restored:
    """Look whether the VM is as planned, and runs if it is to."""
    azure, plan = work.azure, work.plan
    machine = await machines.wait_settled(azure, plan.machine_id, deadline=MACHINE)
    faults = find_differences(plan, machine)
    if faults:
        raise Conflict(f"restore VM {machine.name}: {'; '.join(faults)}")
    if plan.start and machine.power_state != "running":
        await machines.start(azure, machine.id, deadline=POWER)
    if not plan.start and machine.power_state != "deallocated":
        await machines.deallocate(azure, machine.id, deadline=POWER)
    agent = await machines.wait_for_agent(azure, machine.id, deadline=AGENT) if plan.start else None
    seen = await machines.get_machine(azure, machine.id)
    work.record.write(STEP, "fact", f"{seen.name} is {seen.power_state}, its disks are those of the backup")
    return Restored(
        machine_id=seen.id,
        way=plan.way,
        disks={"os" if disk.lun is None else str(disk.lun): disk.id for disk in seen.disks},
        kept=tuple(disk.replaces for disk in plan.disks if disk.replaces),
        power_state=seen.power_state,
        agent=agent.status if agent else None,
    )


def find_differences(plan: RestorePlan, machine: Machine) -> list[str]:
    """What of a VM is not as planned. Pure."""
    faults = []
    if _placed(machine) != _wanted(plan):
        faults.append("it does not have the restored disks at their LUNs")
    if [one.lower() for one in machine.interface_ids] != [one.id.lower() for one in plan.interfaces]:
        faults.append("it does not have its interfaces")
    wanted = plan.body["tags"] if plan.way != "swap" else {}
    if any(machine.tags.get(key) != value for key, value in wanted.items()):
        faults.append("it does not have its tags")
    if plan.way != "swap" and list(machine.zones) != plan.body.get("zones", []):
        faults.append("it is not in its zone")
    identities = {one.lower() for one in dig(plan.body, "identity", "userAssignedIdentities") or ()}
    had = {one.lower() for one in dig(machine.identity, "userAssignedIdentities") or ()}
    if plan.way != "swap" and had != identities:
        faults.append("it does not have its user-assigned identities")
    return faults


def _placed(machine: Machine) -> dict[int | None, str]:
    return {disk.lun: disk.id.lower() for disk in machine.disks}


def _wanted(plan: RestorePlan) -> dict[int | None, str]:
    restored: dict[int | None, str] = {disk.lun: disk.id.lower() for disk in plan.disks}
    return restored | {int(one["lun"]): str(one["managedDisk"]["id"]).lower() for one in plan.staying}


async def _remove_copy(work: Restorer, error: FactoryError) -> None:
    """A copy that failed is thrown away with its group, all of which this restore made."""
    try:
        await groups.delete_group(work.azure, ArmId.parse(work.plan.machine_id).group, deadline=DELETE)
    except FactoryError as trouble:
        error.add_note(f"while removing the copy: {trouble}")
        work.record.write(STEP, "warning", f"the copy could not be removed: {trouble}")


async def _find_machine(azure: Azure, machine_id: str) -> Machine | None:
    with suppress(NotFound):
        return await machines.get_machine(azure, machine_id)
    return None


_WAYS: dict[str, Callable[[Restorer], Awaitable[Restored]]] = {
    "swap": _in_place,
    "recreate": _in_place,
    "copy": _copy,
}
