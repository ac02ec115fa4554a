"""In place on modelled guests: whatever happens to the run, the original is there again as it was."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory.azure import disks, galleries, groups, machines
from factory.azure.client import Azure
from factory.backup import back_up_source
from factory.errors import FactoryError, GateRefused, PreflightFailed
from factory.fingerprint import read_fingerprint
from factory.plan import TAG_EXPIRES, TAG_ROLE, TAG_RUN, Plan, plan_rebuild
from factory.recipe import Recipe, parse_recipe
from factory.record import RunRecord, runs_directory
from factory.report import Summary
from factory.run import Run, Skip, fresh_run_id
from tests.cloud import Cloud, running_cloud
from tests.flows.killing import Killed, as_fork
from tests.role import calls_outside_the_role

pytestmark = pytest.mark.prefect
NOW = datetime(2026, 3, 4, tzinfo=UTC)
SOON = timedelta(minutes=5)
FILES = ("/srv/data/content.bin", "/etc/app-release")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    state = tmp_path_factory.mktemp("cloud")
    with running_cloud(state, guest="model") as running:
        yield running
    assert calls_outside_the_role(state / "requests.jsonl", ["run/"]) == []


@pytest.fixture(autouse=True)
def no_faults(model: Cloud) -> Iterator[None]:
    yield
    model.local.ask("/_local/faults", method="DELETE")


def recipe(cloud: Cloud, **changes: Any) -> Recipe:
    document: dict[str, Any] = {
        "name": "in-place",
        "location": "westeurope",
        "source": {"vm": cloud.world.machine_id},
        "strategy": "in-place",
        "build": {"subnet": cloud.world.subnet_id, "worker_address": "127.0.0.0/8"},
        "customize": [
            {"name": "mark", "script": "echo golden > /etc/golden-image; rm /srv/data/content.bin"}
        ],
        "target": {"definition": cloud.world.definition_id},
        "verify": {"files": ["/etc/app-release"]},
        **changes,
    }
    return parse_recipe(document)


def rebuild(wanted: Recipe, run_id: str, skip: list[Skip] | None = None) -> Summary:
    from flows.rebuild_image import rebuild_image

    return asyncio.run(rebuild_image(wanted, run_id=run_id, skip=skip))


def fingerprint(cloud: Cloud, machine_id: str | None = None) -> dict[str, str]:
    where, name = machine_id or cloud.world.machine_id, f"look-{fresh_run_id()}"
    return cloud.ask(lambda azure: read_fingerprint(azure, where, name=name, files=FILES))


def state_of(cloud: Cloud) -> str | None:
    return cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id)).power_state


def record_of(run_id: str) -> RunRecord:
    return RunRecord(runs_directory(os.environ) / run_id)


def plan_of(run_id: str) -> Plan:
    return Plan.model_validate(record_of(run_id).load("plan.json"))


def calls_of(cloud: Cloud, run_id: str) -> list[dict[str, Any]]:
    lines = (cloud.local.state / "requests.jsonl").read_text().splitlines()
    return [call for call in map(json.loads, lines) if f"run/{run_id}" in (call["user_agent"] or "")]


def index_of(calls: list[dict[str, Any]], method: str, ending: str) -> int:
    """Where the first successful call of a kind is."""
    return next(
        at
        for at, call in enumerate(calls)
        if call["method"] == method and call["path"].endswith(ending) and call["status"] < 300
    )


def version_of(cloud: Cloud, run_id: str) -> galleries.Version | None:
    version_id = f"{cloud.world.definition_id}/versions/{plan_of(run_id).version}"
    return cloud.ask(lambda azure: galleries.get_version(azure, version_id))


def test_when_the_capture_fails_the_original_is_restored_and_runs(model: Cloud, prefect: None) -> None:
    before, run_id = fingerprint(model), fresh_run_id()
    model.local.ask("/_local/faults", method="POST", body={"name": "capture-fails"})

    with pytest.raises(FactoryError) as caught:
        rebuild(recipe(model), run_id)

    assert "the original was restored from its backup and is running" in caught.value.__notes__
    assert state_of(model) == "running"
    assert fingerprint(model) == before
    assert record_of(run_id).load("original-restored.json")["way"] == "recreate"
    assert version_of(model, run_id) is None


def test_an_original_that_was_captured_is_restored_and_its_image_verified(
    model: Cloud, prefect: None
) -> None:
    before, run_id = fingerprint(model), fresh_run_id()
    was = model.ask(lambda azure: machines.get_machine(azure, model.world.machine_id))

    summary = rebuild(recipe(model), run_id)

    assert "in place: the original was captured, then restored" in Path(summary.report).read_text()
    version = version_of(model, run_id)
    assert version is not None
    assert TAG_EXPIRES not in version.tags
    assert state_of(model) == "running"
    assert fingerprint(model) == before
    for disk_id in [disk.id for disk in was.disks]:
        kept = model.ask(partial(disks.get_disk, disk_id=disk_id))
        assert kept.machine_id is None
        assert (kept.tags[TAG_ROLE], kept.tags[TAG_RUN]) == ("replaced", run_id)


def test_nothing_is_changed_before_the_backup_was_looked_at_again(model: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    with pytest.raises(GateRefused) as caught:
        rebuild(recipe(model), run_id, ["deprovision"])

    assert "the original was restored" in str(caught.value)
    assert "not touched" not in str(caught.value)
    calls, vm = calls_of(model, run_id), model.world.machine_id.lower()
    verified = index_of(calls, "DELETE", f"trial-{run_id}-data-0")
    assert index_of(calls, "PUT", "/deployments/golden-manifest") < index_of(calls, "GET", "/golden-manifest")
    assert index_of(calls, "GET", "/golden-manifest") < verified
    changes = [
        at for at, one in enumerate(calls) if one["path"].lower().startswith(vm) and one["method"] != "GET"
    ]
    assert min(changes) > verified
    deleted = [
        one["path"]
        for one in calls
        if one["method"] == "DELETE" and "/resourcegroups/rehearsal-app/" in one["path"].lower()
    ]
    assert all("/runcommands/" in path.lower() for path in deleted), (
        "no disk, no interface, no VM of the user"
    )
    assert state_of(model) == "running"


def test_a_locked_original_is_refused_before_anything_is_made(model: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    lock = f"{model.world.machine_id}/providers/Microsoft.Authorization/locks/hands-off"

    async def put(azure: Azure) -> None:
        await groups.write_resource(azure, lock, {"properties": {"level": "CanNotDelete"}}, deadline=SOON)

    async def remove(azure: Azure) -> None:
        await groups.delete_resource(azure, lock, deadline=SOON)

    model.ask(put)
    try:
        with pytest.raises(PreflightFailed, match="lock hands-off \\(CanNotDelete\\)"):
            rebuild(recipe(model), run_id)
    finally:
        model.ask(remove)
    assert model.left_of(run_id) == []


def test_a_killed_run_in_place_gives_the_original_back_when_it_is_resumed(
    model: Cloud, prefect: None, tmp_path: Path
) -> None:
    before, path = fingerprint(model), tmp_path / "recipe.yaml"
    slow = recipe(model, customize=[{"name": "slow", "script": "echo x > /etc/golden-image; sleep 60"}])
    path.write_text(yaml.safe_dump(slow.model_dump(mode="json")))
    run = Killed(model, path, as_fork)
    try:
        run.kill_in("customize")
        run.go_on()
        assert run.ends() != 0
    finally:
        run.stop()
    assert state_of(model) == "running"
    assert fingerprint(model) == before


def test_a_copy_beside_the_original_boots_with_what_was_on_the_disks(model: Cloud, prefect: None) -> None:
    from flows.restore_vm import restore_vm

    before, run_id = fingerprint(model), fresh_run_id()
    asyncio.run(back_up_source(Run.of(plan_rebuild(recipe(model), run_id=run_id, now=NOW, luns=(0,)))))

    restored = asyncio.run(restore_vm(run_id, name="second"))

    assert fingerprint(model, restored.machine_id) == before
    model.ask(lambda azure: groups.delete_group(azure, restored.machine_id.split("/")[4], deadline=SOON))
