"""What of the flow asks nothing of a guest that a model could not answer: early ends, other products."""

from collections.abc import Iterator

import pytest

from factory.azure import images, machines, restore_points
from factory.azure.client import Azure
from factory.errors import CustomizationFailed, PreflightFailed
from factory.plan import TAG_EXPIRES
from factory.run import fresh_run_id
from tests.cloud import Cloud, running_cloud
from tests.flows.test_rebuild import plan_of, rebuild, recipe, record_of, version_of

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with running_cloud(tmp_path_factory.mktemp("models"), guest="model") as running:
        yield running


def test_a_failed_change_leaves_a_complete_backup_and_nothing_else(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    broken = recipe(cloud, customize=[{"name": "broken", "script": "echo no disk >&2; exit 3"}])
    with pytest.raises(CustomizationFailed, match=r"'broken' failed.*no disk"):
        rebuild(broken, run_id)
    plan = plan_of(run_id)
    assert version_of(cloud, run_id) is None
    assert all("backup" in name for name in cloud.left_of(run_id))

    async def points(azure: Azure) -> list[restore_points.RestorePoint]:
        return await restore_points.list_restore_points(
            azure, plan.backup_group, plan.restore_point_collection
        )

    (point,) = cloud.ask(points)
    source = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert {disk.disk_id.lower() for disk in point.disks if disk.disk_id} == {
        disk.id.lower() for disk in source.disks
    }
    manifest = record_of(run_id).load("backup-manifest.json")
    assert manifest["machine"]["id"].lower() == cloud.world.machine_id.lower()
    assert len(manifest["parts"]) == 2


def test_a_refused_recipe_makes_nothing_and_names_every_reason(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    wrong = recipe(
        cloud,
        location="northeurope",
        target={"definition": cloud.world.definition_id.replace("app-debian", "absent")},
    )
    with pytest.raises(PreflightFailed) as caught:
        rebuild(wrong, run_id)
    assert len(caught.value.findings) >= 3
    assert cloud.left_of(run_id) == []


def test_a_marketplace_image_becomes_a_managed_image(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    from_image = recipe(
        cloud,
        source={"image": "Debian:debian-12:12-gen2:latest"},
        build={
            "subnet": cloud.world.subnet_id,
            "worker_address": "127.0.0.0/8",
            "size": "Standard_B1s",
        },
        customize=[
            {"name": "mark", "script": "echo golden > /etc/golden-image"},
            {"name": "restart", "reboot": True},
        ],
        target={"managed_image_group": "rehearsal-images"},
        verify={"tests": [{"name": "mark", "script": "grep -qx golden /etc/golden-image"}]},
    )
    rebuild(from_image, run_id)
    plan = plan_of(run_id)
    image = cloud.ask(lambda azure: images.get_image(azure, "rehearsal-images", plan.managed_image))
    assert image is not None
    assert TAG_EXPIRES not in image.tags
    assert cloud.left_of(run_id) == [plan.managed_image]
