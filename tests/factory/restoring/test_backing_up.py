"""The backup of VMs of many shapes on a local Azure: complete, and readable from the cloud alone."""

import os

import pytest

from factory.azure import deployments, groups
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.backup import TAG_VERIFIED, back_up_source
from factory.clock import SystemClock
from factory.manifest import DEPLOYMENT, parse_manifest
from factory.plan import plan_rebuild
from factory.run import Run, fresh_run_id
from tests.factory.recipes import recipe
from tests.factory.restoring.shapes import SHAPES, Shape, disks_of, make
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
