"""Restores of VMs of many shapes on a local Azure: what is left in the cloud, and what is on the disks."""

import os
from dataclasses import dataclass
from typing import Any

import pytest

from factory.azure import machines
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.machines import Machine
from factory.backup import back_up_source
from factory.backups import find_backup_named, read_manifest
from factory.clock import SystemClock
from factory.manifest import Manifest
from factory.plan import plan_rebuild
from factory.record import RunRecord, runs_directory
from factory.restore import Restored, carry_out, look_at_live
from factory.restore_plan import RestorePlan, plan_restore
from factory.run import Run, fresh_run_id
from tests.factory.recipes import recipe
from tests.factory.restoring.shapes import SHAPES, Shape, contents_of, disks_of, make
from tests.localazure.machines import Yard

EVERY = pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)


def some(*names: str) -> pytest.MarkDecorator:
    """The shapes for which this way differs."""
    return pytest.mark.parametrize(
        "shape", [shape for shape in SHAPES if shape.name in names], ids=lambda shape: shape.name
    )


def azure() -> Azure:
    return Azure(Connection.from_environment(os.environ))


async def back_up(yard: Yard, vm: str) -> Run:
    luns = tuple(lun for lun in disks_of(yard, vm) if lun is not None)
    wanted = recipe(source={"vm": vm})
    run = Run.of(plan_rebuild(wanted, run_id=fresh_run_id(), now=SystemClock().now(), luns=luns))
    await back_up_source(run)
    return run


async def plan_for(
    client: Azure, run: Run, *, name: str | None = None, restore_id: str | None = None
) -> RestorePlan:
    manifest = await manifest_of(client, run)
    live = await look_at_live(client, manifest)
    now = SystemClock().now()
    return plan_restore(manifest, live, restore_id=restore_id or fresh_run_id(), now=now, name=name)


async def manifest_of(client: Azure, run: Run) -> Manifest:
    return await read_manifest(client, await find_backup_named(client, run.plan.run_id))


async def restore(run: Run, *, name: str | None = None, restore_id: str | None = None) -> Restored:
    async with azure() as client:
        plan = await plan_for(client, run, name=name, restore_id=restore_id)
        return await carry_out(client, plan, RunRecord(runs_directory(os.environ) / plan.restore_id))


@dataclass(frozen=True)
class Looks:
    """What users of a VM would miss."""

    luns: tuple[int | None, ...]
    caching: tuple[str | None, ...]
    skus: tuple[str | None, ...]
    interfaces: tuple[str, ...]
    tags: dict[str, str]
    zones: tuple[str, ...]
    identities: tuple[str, ...]


def looks(machine: Machine) -> Looks:
    identity = (machine.identity or {}).get("userAssignedIdentities") or {}
    return Looks(
        tuple(disk.lun for disk in machine.disks),
        tuple(disk.caching for disk in machine.disks),
        tuple(disk.sku for disk in machine.disks),
        tuple(one.lower() for one in machine.interface_ids),
        {key: value for key, value in machine.tags.items() if not key.startswith("golden-")},
        machine.zones,
        tuple(sorted(identity)),
    )


async def machine_at(vm: str) -> Machine:
    async with azure() as client:
        return await machines.get_machine(client, vm)


def damage(yard: Yard, vm: str) -> None:
    for disk in disks_of(yard, vm).values():
        yard.write(disk, content="overwritten")


@EVERY
async def test_a_generalized_vm_is_there_again_with_all_that_it_had(yard: Yard, shape: Shape) -> None:
    vm = make(yard, shape)
    before, content = looks(await machine_at(vm)), contents_of(yard, vm)
    addresses = {nic: yard.get(nic)["properties"]["ipConfigurations"] for nic in before.interfaces}
    run = await back_up(yard, vm)
    await detach_all(vm)
    damage(yard, vm)
    yard.bring(vm, "generalized")

    restored = await restore(run)

    assert restored.way == "recreate"
    assert restored.power_state == "running"
    assert looks(await machine_at(vm)) == before
    assert contents_of(yard, vm) == content
    now = {nic: yard.get(nic)["properties"]["ipConfigurations"] for nic in before.interfaces}
    assert places(now) == places(addresses)


@some("one-disk", "odd-luns", "zone")
async def test_the_disks_of_a_damaged_vm_are_exchanged(yard: Yard, shape: Shape) -> None:
    vm = make(yard, shape)
    before, content, old = looks(await machine_at(vm)), contents_of(yard, vm), disks_of(yard, vm)
    run = await back_up(yard, vm)
    damage(yard, vm)

    restored = await restore(run)

    assert restored.way == "swap"
    assert restored.power_state == "running"
    assert looks(await machine_at(vm)) == before
    assert contents_of(yard, vm) == content
    for disk in old.values():
        shown = yard.get(disk)
        assert "managedBy" not in shown
        assert shown["tags"]["golden-role"] == "replaced"
        assert yard.files(disk)["content"] == "overwritten", "what is replaced is kept as it was"


@some("addresses", "zone")
async def test_a_vm_that_is_gone_with_its_disks_is_there_again(yard: Yard, shape: Shape) -> None:
    vm = make(yard, shape)
    before, content, old = looks(await machine_at(vm)), contents_of(yard, vm), disks_of(yard, vm)
    run = await back_up(yard, vm)
    await detach_all(vm)
    yard.done(yard.wire("DELETE", vm))
    for disk in old.values():
        yard.done(yard.wire("DELETE", disk))

    restored = await restore(run)

    assert restored.way == "recreate"
    assert looks(await machine_at(vm)) == before
    assert contents_of(yard, vm) == content


@some("odd-luns", "addresses", "two-interfaces")
async def test_a_copy_runs_beside_the_original_which_is_not_touched(yard: Yard, shape: Shape) -> None:
    vm = make(yard, shape)
    content, before = contents_of(yard, vm), yard.get(vm)
    run = await back_up(yard, vm)
    damage(yard, vm)

    restored = await restore(run, name="second")

    assert restored.machine_id.endswith("/second")
    assert contents_of(yard, restored.machine_id) == content
    assert yard.get(vm) == before
    assert contents_of(yard, vm) == dict.fromkeys(content, "overwritten")
    group = restored.machine_id.split("/providers/", maxsplit=1)[0]
    assert set(yard.get(group)["tags"]) == {"golden-restored-from"}, "proven: it has no expiry any more"
    nics = [
        one["id"]
        for one in yard.get(restored.machine_id)["properties"]["networkProfile"]["networkInterfaces"]
    ]
    for nic in nics:
        assert all(
            "publicIPAddress" not in one["properties"]
            for one in yard.get(nic)["properties"]["ipConfigurations"]
        )
    yard.wire("DELETE", group)


async def detach_all(vm: str) -> None:
    """What the in-place strategy does before anything destructive."""
    from factory.in_place import keep_everything

    async with azure() as client:
        await keep_everything(client, vm)


def places(configurations: dict[str, Any]) -> dict[str, Any]:
    """Addresses of interfaces, without what changes with every write."""
    keys = ("privateIPAddress", "privateIPAllocationMethod", "subnet")
    return {
        nic: [
            {key: one["properties"][key] for key in keys}
            | {"public": (one["properties"].get("publicIPAddress") or {}).get("id")}
            for one in found
        ]
        for nic, found in configurations.items()
    }


class Died(BaseException):
    """The process is killed right after Azure has accepted something."""


class Mortal(Azure):
    """Dies after its first write."""

    async def begin(self, *args: Any, **kwargs: Any) -> Any:
        await super().begin(*args, **kwargs)
        raise Died


@pytest.mark.parametrize("state", ["running", "generalized"])
async def test_a_restore_that_dies_after_each_of_its_writes_goes_on_to_the_end(
    yard: Yard, state: str
) -> None:
    vm = make(yard, SHAPES[1])
    before, content = looks(await machine_at(vm)), contents_of(yard, vm)
    run, restore_id = await back_up(yard, vm), fresh_run_id()
    await detach_all(vm)
    damage(yard, vm)
    yard.bring(vm, state)

    deaths = 0
    for _ in range(30):
        async with Mortal(Connection.from_environment(os.environ)) as client:
            plan = await plan_for(client, run, restore_id=restore_id)
            try:
                await carry_out(client, plan, RunRecord(runs_directory(os.environ) / restore_id))
            except Died:
                deaths += 1
                continue
        break

    assert deaths > 5
    assert looks(await machine_at(vm)) == before
    assert contents_of(yard, vm) == content
    async with azure() as client:
        found = await find_backup_named(client, run.plan.run_id)
    assert found.restoring is None
    assert len(yard.get(f"{yard.group}/resources")["value"]) == 3 + 1 + 3 + 2, (
        "VM, NIC, net; old and new disks"
    )
