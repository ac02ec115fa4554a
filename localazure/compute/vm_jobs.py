"""Creating, changing and deleting machines. Each job looks first at what an earlier run of it has done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localazure.arm.deleters import deleter
from localazure.arm.errors import ArmError, internal_error
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, job
from localazure.compute import errors, guests, interfaces, machines, storage_profile
from localazure.compute.disk_plans import PlannedDisk
from localazure.disks.jobs import discard

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

CREATE, UPDATE, DELETE = "compute.vm.create", "compute.vm.update", "compute.vm.delete"


@job(CREATE)
async def create(world: World, op: Operation) -> dict[str, Any] | None:
    """Make the disks, start the machine, wait for its agent's word."""
    try:
        await _create(world, op)
    except ArmError as error:
        guests.note_failure(world, op.rid, error)
        raise
    except Exception:
        guests.note_failure(world, op.rid, internal_error())
        raise
    machines.put_provisioning(world, op.rid, machines.SUCCEEDED)
    return None


async def _create(world: World, op: Operation) -> None:
    await world.time.take("vm.create")
    await storage_profile.fill(world, [PlannedDisk(**disk) for disk in op.args["disks"]])
    vm = _wanted(world, op.rid)
    machines.put_power(world, op.rid, "starting")
    await guests.power_on(world, vm)
    machines.put_power(world, op.rid, "running")
    if not vm["_provision"]:
        return
    if "began" not in op.args:  # an interrupted wait goes on, it does not begin anew
        op.args["began"] = world.clock.epoch()
        world.operations.save(op)
    await guests.provisioned(world, op.rid, op.args["began"])
    vm = _wanted(world, op.rid)
    vm["_provision"] = False
    world.store.put(vm)


def _wanted(world: World, rid: ResourceId) -> Document:
    vm = world.store.get(rid)
    if vm is None or vm.get("_deleting"):
        raise errors.preempted()
    return vm


@job(UPDATE)
async def update(world: World, op: Operation) -> dict[str, Any] | None:
    """Bring a changed machine about: new disks first, then the document, then the ones that left."""
    try:
        await _update(world, op)
    except ArmError:
        machines.put_provisioning(world, op.rid, machines.FAILED)
        raise
    machines.put_provisioning(world, op.rid, machines.SUCCEEDED)
    return None


async def _update(world: World, op: Operation) -> None:
    await world.time.take("vm.update")
    await storage_profile.fill(world, [PlannedDisk(**disk) for disk in op.args["disks"]])
    vm = _wanted(world, op.rid)
    vm["properties"] |= op.args["properties"]
    vm |= op.args["envelope"]
    world.store.put(vm)
    for disk_id in op.args["released"]:
        storage_profile.release(world, op.rid, disk_id)
    if op.args["restart"] and machines.power(world, vm) == "running":
        await guests.power_off(world, vm, graceful=True)
        await guests.power_on(world, vm)


@job(DELETE)
async def delete(world: World, op: Operation) -> dict[str, Any] | None:
    """Stop the machine and take it apart; what says deleteOption Delete goes with it."""
    await world.time.take("vm.delete")
    await remove(world, op.rid, excuse=op.id)
    return None


async def remove(world: World, rid: ResourceId, *, excuse: str | None = None) -> None:
    """Take a machine apart, once whatever else works on it has noticed that it is to go."""
    for other in [one for one in world.operations.running() if one.subject == rid.key and one.id != excuse]:
        await world.operations.wait(other)
    vm = world.store.get(rid)
    if vm is None:
        return
    await guests.power_off(world, vm, graceful=False)
    await world.guests.forget(vm["properties"]["vmId"])
    storage = vm["properties"]["storageProfile"]
    for shown in (storage["osDisk"], *storage["dataDisks"]):
        disk = storage_profile.release(world, rid, shown["managedDisk"]["id"])
        if disk is not None and shown["deleteOption"] == "Delete":
            await discard(world, disk)
    await interfaces.release(world, vm)
    world.store.delete_tree(rid)


@deleter(machines.MACHINES)
async def _cascade(world: World, doc: Document) -> None:
    """A resource group goes: so does the machine, whatever it is doing."""
    rid = ResourceId.parse(doc["id"])
    if (vm := world.store.get(rid)) is not None:
        vm["_deleting"] = True
        vm["properties"]["provisioningState"] = machines.DELETING
        world.store.put(vm)
        await remove(world, rid)
