"""Runs that are killed and gone on with: nothing that is done is done again, nothing half-done is trusted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.azure import galleries, groups, machines
from factory.resume import end_of, state_of
from tests.cloud import Cloud, running_cloud
from tests.flows.killing import FlowRun, Killed, as_command, as_fork, clear_faults, set_fault

pytestmark = [pytest.mark.guest, pytest.mark.prefect]

STEPS = ("build", "customize", "generalize-guest", "generalize", "capture", "verify", "promote", "clean-up")
WRITES = ("PUT", "POST", "DELETE", "PATCH")
VERSION = "PUT Microsoft.Compute/galleries/images/versions"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local Azure of its own, with modelled guests: what is proven here is what the factory does."""
    with running_cloud(tmp_path_factory.mktemp("cloud"), guest="model") as running:
        yield running


@pytest.fixture
def recipe(cloud: Cloud, tmp_path: Path) -> Path:
    """A recipe in a file; its change is quick."""
    document: dict[str, Any] = {
        "name": "resumed",
        "location": "westeurope",
        "source": {"vm": cloud.world.machine_id},
        "build": {"subnet": cloud.world.subnet_id, "worker_address": "127.0.0.0/8"},
        "customize": [{"name": "mark", "script": "echo golden > /etc/golden-image"}],
        "target": {"definition": cloud.world.definition_id},
        "verify": {"files": ["/srv/data/content.bin"]},
    }
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def killed(cloud: Cloud, prefect: None, recipe: Path) -> Iterator[Killed]:
    """A run in a process of its own; no fault outlasts the test."""
    run = Killed(cloud, recipe, as_fork)
    try:
        yield run
    finally:
        run.stop()
        clear_faults(cloud)


def has_captured(run: Killed) -> bool:
    return any("/versions/" in call for call in run.requests("PUT"))


def assert_made(cloud: Cloud, run: Killed) -> None:
    """One promoted version, no scaffolding, and a record that says so."""
    plan = run.plan
    version = cloud.ask(
        lambda azure: galleries.get_version(azure, f"{cloud.world.definition_id}/versions/{plan.version}")
    )
    assert version is not None
    assert not version.exclude_from_latest
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.scaffold_group)) is None
    assert state_of(run.record.events(), owned=False) == "done"


def test_a_run_killed_in_mid_capture_repeats_neither_backup_nor_generalization(
    cloud: Cloud, killed: Killed
) -> None:
    set_fault(cloud, operation=VERSION, kind="lro-never-ends")
    killed.waits_for(lambda: has_captured(killed), "the capture ordered")
    killed.kill()
    before = len(killed.requests(*WRITES))
    killed.go_on(as_command)
    killed.waits_in("capture")
    clear_faults(cloud)
    killed.ends_well()
    assert_made(cloud, killed)
    writes = killed.requests(*WRITES)[before:]
    assert not [call for call in writes if "restorePoint" in call or call.endswith("/generalize")]
    assert not [call for call in writes if killed.plan.build_machine in call]
    captures = [call for call in killed.requests("PUT") if "/versions/" in call]
    assert len(captures) == 2  # captured once, published once
    taken = {event.step for event in killed.record.events() if event.kind == "taken-over"}
    assert {"back-up", "build", "gate", "generalize"} <= taken


def test_a_run_killed_in_every_step_is_made_in_the_end(cloud: Cloud, killed: Killed) -> None:
    set_fault(cloud, operation="DELETE Microsoft.Resources/resourceGroups", kind="lro-never-ends")
    for step in STEPS:
        killed.kill_in(step)
        killed.go_on()
    killed.waits_in("clean-up")
    clear_faults(cloud)
    killed.ends_well()
    assert_made(cloud, killed)
    plan = killed.plan
    puts, posts = killed.requests("PUT"), killed.requests("POST")
    assert len([call for call in puts if "/restorePoints/" in call]) == 1
    assert len([call for call in posts if call.endswith("/generalize")]) == 1
    assert sorted(cloud.left_of(killed.run_id)) == sorted(
        [plan.backup_group, plan.restore_point_collection, plan.version]
    )
    source = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert source.power_state == "running"
    entries = [event.text for event in killed.record.events() if event.kind == "entered"]
    assert len(entries) == len(STEPS) + 1
    assert any("thrown away" in text for text in entries)


def test_a_run_that_was_told_to_stop_is_undone_at_once_and_goes_on_from_its_backup(
    cloud: Cloud, killed: Killed
) -> None:
    killed.waits_in("customize")
    killed.is_told_to_stop()
    assert end_of(killed.record.events()) == "undone"
    assert killed.requests("DELETE")[-1].endswith(killed.plan.scaffold_group)
    killed.go_on()
    killed.ends_well()
    assert_made(cloud, killed)
    assert len([call for call in killed.requests("PUT") if "/restorePoints/" in call]) == 1


def test_prefects_retry_of_a_killed_flow_run_goes_on_with_the_same_run(
    cloud: Cloud, prefect: None, recipe: Path
) -> None:
    flow_run = FlowRun(recipe)
    run = Killed(cloud, recipe, flow_run.start, flow_run.run_id)
    try:
        run.kill_in("capture")
        run.go_on()
        run.ends_well()
    finally:
        run.stop()
    assert_made(cloud, run)
    assert len([call for call in run.requests("POST") if call.endswith("/generalize")]) == 1
    assert "gate" in {event.step for event in run.record.events() if event.kind == "taken-over"}
