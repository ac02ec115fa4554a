"""A disk that becomes full while the factory works in a machine: one error that says so, and nothing left."""

from collections.abc import Iterator

import pytest

from factory.azure import machines
from factory.errors import CustomizationFailed, FactoryError, GateRefused
from factory.run import fresh_run_id
from tests.cloud import Cloud, running_cloud
from tests.flows.test_rebuild import rebuild, recipe, version_of

pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Simulated guests, whose disks can be full."""
    with running_cloud(tmp_path_factory.mktemp("full"), guest="model") as running:
        yield running


@pytest.mark.parametrize(
    ("fault", "kind", "remedy"),
    [
        ("disk-full-in-customize", CustomizationFailed, "make room on the source's disk"),
        ("disk-full-in-generalize", GateRefused, "evidence.json"),
    ],
)
def test_a_full_disk_ends_the_run_with_its_cause_and_a_remedy_and_leaves_nothing(
    cloud: Cloud, prefect: None, fault: str, kind: type[FactoryError], remedy: str
) -> None:
    before = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    cloud.local.ask("/_local/faults", method="POST", body={"name": fault})
    run_id = fresh_run_id()
    try:
        with pytest.raises(kind, match="only 0 MiB are free on /var") as caught:
            rebuild(recipe(cloud, customize=[{"name": "mark", "script": "echo x > /etc/mark"}]), run_id)
    finally:
        cloud.local.ask("/_local/faults", method="DELETE")
    assert remedy in (caught.value.remedy or "")
    assert version_of(cloud, run_id) is None
    assert all("backup" in name for name in cloud.left_of(run_id))
    after = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert (after.power_state, after.disks) == ("running", before.disks)
