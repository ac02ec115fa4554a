"""The backup of VMs of many shapes on a local Azure: complete, and readable from the cloud alone."""

import os

import pytest

from factory.azure import deployments, disks, groups
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.backup import back_up_source, verify_backup
from factory.backup_copy import TAG_VERIFIED
from factory.backups import find_backup_named, read_manifest
from factory.clock import SystemClock
from factory.errors import BackupIncomplete, InvalidInput
from factory.manifest import DEPLOYMENT, parse_manifest
from factory.plan import plan_rebuild
from factory.restoring import plan_from_backup
from factory.run import Run, fresh_run_id
from tests.factory.recipes import recipe
from tests.factory.restoring.shapes import SHAPES, Shape, contents_of, disks_of, make
from tests.localazure.machines import Yard


def run_for(vm: str, luns: tuple[int, ...]) -> Run:
    wanted = recipe(source={"vm": vm})
    return Run.of(plan_rebuild(wanted, run_id=fresh_run_id(), now=SystemClock().now(), luns=luns))


def azure() -> Azure:
    return Azure(Connection.from_environment(os.environ))


@pytest.mark.parametrize("shape", SHAPES[:2], ids=lambda shape: shape.name)
async def test_the_whole_model_is_in_the_cloud_and_every_part_makes_a_disk(yard: Yard, shape: Shape) -> None:
    vm = make(yard, shape)
    run = run_for(vm, tuple(lun for lun in disks_of(yard, vm) if lun is not None))

    backup = await back_up_source(run)

    async with azure() as client:
        text = await deployments.read_text(client, run.plan.backup_group, DEPLOYMENT)
        group = await groups.get_group(client, run.plan.backup_group)
        left = await groups.list_resources(client, run.plan.scaffold_group)
    manifest = parse_manifest(text or "", "the cloud")
    assert {disk.lun: disk.id for disk in manifest.machine.disks} == disks_of(yard, vm)
    assert {part.lun for part in backup.parts} == set(disks_of(yard, vm))
    assert group is not None
    assert TAG_VERIFIED in group.tags
    assert left == [], "trial disks are thrown away"


async def test_a_guest_that_cannot_be_quiesced_is_backed_up_crash_consistently_and_that_is_told(
    yard: Yard,
) -> None:
    vm = make(yard, SHAPES[1])
    run = run_for(vm, (3, 7))
    assert (await back_up_source(run)).consistency == "CrashConsistent"
    (warning,) = [event.text for event in run.record.events() if event.kind == "warning"]
    assert warning.startswith("the guest was not quiesced, the backup is crash-consistent")


async def test_a_part_of_which_no_disk_can_be_made_is_no_backup(yard: Yard) -> None:
    vm = make(yard, SHAPES[0])
    run = run_for(vm, ())
    broken = {"operation": "PUT Microsoft.Compute/disks", "kind": "lro-fails", "every": True}
    assert yard.wire("POST", "/_local/faults", broken).status_code == 201
    try:
        with pytest.raises(BackupIncomplete, match="no disk can be made from the copy of disk app-os"):
            await back_up_source(run)
    finally:
        yard.wire("DELETE", "/_local/faults")
    async with azure() as client:
        assert (await find_backup_named(client, run.plan.run_id)).verified is None
        with pytest.raises(InvalidInput, match="there is none of that name"):
            await find_backup_named(client, "nothing")


async def test_a_manifest_that_the_cloud_does_not_give_back_is_no_backup(yard: Yard) -> None:
    run = run_for(make(yard, SHAPES[0]), ())
    await back_up_source(run)
    async with azure() as client:
        found = await find_backup_named(client, run.plan.run_id)
        assert found.verified is not None
        other = (await read_manifest(client, found)).model_copy(update={"consistency": "another"})
        with pytest.raises(BackupIncomplete, match="not the one that was written"):
            await verify_backup(run, client, other)


async def test_a_text_longer_than_an_output_of_a_deployment_is_kept_whole(yard: Yard) -> None:
    text = "{" + "x" * (deployments.LONGEST_OUTPUT - 1) + "[[" + "y" * 150_000
    async with azure() as client:
        await deployments.keep_text(client, yard.name, "long", text, tags={})
        assert await deployments.read_text(client, yard.name, "long") == text
        assert await deployments.read_text(client, yard.name, "another") is None


async def test_a_copy_in_another_region_is_whole_and_says_what_it_is_good_for(yard: Yard) -> None:
    vm = make(yard, SHAPES[1])
    wanted = recipe(source={"vm": vm}, backup={"copy_to_region": "northeurope"})
    plan = plan_rebuild(wanted, run_id=fresh_run_id(), now=SystemClock().now(), luns=(3, 7))

    await back_up_source(Run.of(plan))

    async with azure() as client:
        home = await find_backup_named(client, plan.run_id)
        copy = await find_backup_named(client, plan.backup_copy_group or "")
        manifest = await read_manifest(client, copy)
        states = [await disks.get_snapshot_state(client, part.source_id) for part in manifest.parts]
        planned = await plan_from_backup(
            client, copy.group, name="second", in_place=False, restore_id=None, now=SystemClock().now()
        )
    assert (home.is_copy, copy.is_copy, copy.location) == (False, True, "northeurope")
    assert copy.verified is not None
    assert states == ["complete"] * 3
    contents = {part.lun: yard.files(part.source_id)["content"] for part in manifest.parts}
    assert contents == contents_of(yard, vm)
    assert "is a copy in northeurope" in planned.refusals[0]
