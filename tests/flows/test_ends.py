"""Runs that end before their time, as processes: told to stop, and killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from factory.azure import groups, machines
from factory.plan import Plan
from factory.reap import find_leftovers, reap
from factory.record import RunRecord, list_runs, runs_directory
from factory.report import REPORT, step_times
from tests.cloud import Cloud, running_cloud

pytestmark = pytest.mark.prefect
GOLDEN = str(Path(sys.executable).with_name("golden"))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One with modelled machines: what is looked at here is the cloud and a process."""
    with running_cloud(tmp_path_factory.mktemp("models"), guest="model") as running:
        yield running


@pytest.fixture
def recipe_file(cloud: Cloud, tmp_path: Path) -> Path:
    """The recipe of a run that is busy in the guest for longer than the test needs."""
    path = tmp_path / "recipe.yaml"
    document = {
        "name": "ends-early",
        "location": "westeurope",
        "source": {"vm": cloud.world.machine_id},
        "build": {"subnet": cloud.world.subnet_id, "worker_address": "127.0.0.0/8"},
        "customize": [{"name": "long", "script": "sleep 300"}],
        "target": {"definition": cloud.world.definition_id},
    }
    path.write_text(yaml.safe_dump(document))
    return path


@contextmanager
def rebuilding(recipe: Path) -> Iterator[tuple[subprocess.Popen[bytes], Plan]]:
    """`golden rebuild` as a process that has come as far as the guest, and the plan of its run."""
    from prefect.settings import PREFECT_API_URL

    before = set(list_runs(runs_directory(os.environ)))
    environment = {**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())}
    process = subprocess.Popen([GOLDEN, "rebuild", str(recipe)], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process, _wait_for_guest(before)
    finally:
        process.kill()
        process.wait()


def _wait_for_guest(before: set[str]) -> Plan:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for run_id in set(list_runs(runs_directory(os.environ))) - before:
            record = RunRecord(runs_directory(os.environ) / run_id)
            if any(step.step == "customize" for step in step_times(record.events())):
                return Plan.model_validate(record.load("plan.json"))
        time.sleep(0.2)
    raise TimeoutError("the run did not come as far as the guest")


def _gone(cloud: Cloud, group: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if cloud.ask(lambda azure: groups.get_group(azure, group)) is None:
            return True
        time.sleep(0.5)
    return False


def test_a_run_that_is_told_to_stop_orders_its_deletion_and_ends(
    cloud: Cloud, prefect: None, recipe_file: Path
) -> None:
    with rebuilding(recipe_file) as (process, plan):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0, (
            "issued within 20 s; the rest is the end of a process on a busy computer"
        )
    assert _gone(cloud, plan.scaffold_group)
    directory = runs_directory(os.environ) / plan.run_id
    assert not (directory / "keys").exists()
    assert "**Failed.**" in (directory / REPORT).read_text()


def test_what_a_killed_run_leaves_is_reaped_once_late_and_nothing_else(
    cloud: Cloud, prefect: None, recipe_file: Path
) -> None:
    with rebuilding(recipe_file) as (process, plan):
        process.send_signal(signal.SIGKILL)
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.scaffold_group)) is not None
    now = datetime.now(UTC)
    early = cloud.ask(lambda azure: find_leftovers(azure, factory="golden", now=now))
    assert plan.run_id not in {leftover.run for leftover in early}

    late = now + timedelta(days=30)
    found = cloud.ask(lambda azure: find_leftovers(azure, factory="golden", now=late))
    mine = [leftover for leftover in found if leftover.run == plan.run_id]
    outcomes = cloud.ask(lambda azure: reap(azure, mine)).values()
    assert {outcome.state for outcome in outcomes} == {"deleted"}
    assert cloud.left_of(plan.run_id) == []
    source = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert source.power_state == "running"
