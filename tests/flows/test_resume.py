"""Runs that are killed and gone on with: nothing that is done is done again, nothing half-done is trusted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.azure import galleries, groups
from factory.resume import state_of
from tests.cloud import Cloud
from tests.flows.killing import Killed, clear_faults, set_fault

pytestmark = [pytest.mark.guest, pytest.mark.prefect]

VERSION = "PUT Microsoft.Compute/galleries/images/versions"


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
    run = Killed(cloud, recipe)
    try:
        yield run
    finally:
        run.stop()
        clear_faults(cloud)


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
    killed.kill_when(
        lambda _events: any("/versions/" in path for path in killed.requests("PUT")), "the capture ordered"
    )
    clear_faults(cloud)
    before = len(killed.requests("GET", "PUT", "POST", "DELETE", "PATCH"))
    killed.resume()
    killed.ends_well()
    assert_made(cloud, killed)
    after = killed.requests("GET", "PUT", "POST", "DELETE", "PATCH")[before:]
    writes = [call for call in after if not call.startswith("GET")]
    assert not [call for call in writes if "restorePoint" in call or call.endswith("/generalize")]
    assert not [call for call in writes if killed.plan.build_machine in call]
    captures = [call for call in killed.requests("PUT") if "/versions/" in call]
    assert len(captures) == 2  # captured once, published once
    taken = {event.step for event in killed.record.events() if event.kind == "taken-over"}
    assert {"back-up", "build", "gate", "generalize"} <= taken
