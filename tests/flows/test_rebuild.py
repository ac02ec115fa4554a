"""The whole flow on real machines; every test looks at what is left in the cloud."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from factory.azure import galleries, groups, machines
from factory.errors import GateRefused, VerificationFailed
from factory.plan import TAG_EXPIRES, TAG_ROLE, Plan
from factory.recipe import Recipe, parse_recipe
from factory.record import RunRecord, runs_directory
from factory.report import REPORT, Summary
from factory.run import Skip, fresh_run_id
from tests.cloud import Cloud

pytestmark = [pytest.mark.guest, pytest.mark.prefect]


def recipe(cloud: Cloud, **changes: Any) -> Recipe:
    """The demo's recipe, for this cloud."""
    document: dict[str, Any] = {
        "name": "test-app",
        "location": "westeurope",
        "source": {"vm": cloud.world.machine_id},
        "build": {"subnet": cloud.world.subnet_id, "worker_address": "127.0.0.0/8"},
        "customize": [{"name": "mark", "script": "echo golden > /etc/golden-image"}],
        "target": {"definition": cloud.world.definition_id, "regions": ["westeurope", "northeurope"]},
        "verify": {
            "files": ["/srv/data/content.bin", "/etc/app-release"],
            "tests": [{"name": "mark", "script": "grep -qx golden /etc/golden-image"}],
        },
        **changes,
    }
    return parse_recipe(document)


def rebuild(wanted: Recipe, run_id: str, skip: list[Skip] | None = None) -> Summary:
    from flows.rebuild_image import rebuild_image

    return asyncio.run(rebuild_image(wanted, run_id=run_id, skip=skip))


def plan_of(run_id: str) -> Plan:
    return Plan.model_validate(record_of(run_id).load("plan.json"))


def record_of(run_id: str) -> RunRecord:
    return RunRecord(runs_directory(os.environ) / run_id)


def version_of(cloud: Cloud, run_id: str) -> galleries.Version | None:
    version_id = f"{cloud.world.definition_id}/versions/{plan_of(run_id).version}"
    return cloud.ask(lambda azure: galleries.get_version(azure, version_id))


def writes_to(cloud: Cloud, run_id: str, resource_id: str) -> list[str]:
    """What the run asked of a resource, or of anything below it, other than to be shown."""
    lines = (cloud.local.state / "requests.jsonl").read_text().splitlines()
    calls = [call for call in map(json.loads, lines) if f"run/{run_id}" in (call["user_agent"] or "")]
    assert calls, "the run's calls carry its ID"
    return [
        f"{call['method']} {call['path']}"
        for call in calls
        if call["path"].lower().startswith(resource_id.lower()) and call["method"] != "GET"
    ]


def test_a_clone_of_a_running_vm_becomes_a_verified_version(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    before = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))

    summary = rebuild(recipe(cloud), run_id)

    version = version_of(cloud, run_id)
    assert version is not None
    assert not version.exclude_from_latest
    assert {region.name for region in version.regions} == {"westeurope", "northeurope"}
    assert TAG_EXPIRES not in version.tags
    assert version.luns == (0,)
    plan = plan_of(run_id)
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.scaffold_group)) is None
    after = cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id))
    assert (after.vm_id, after.power_state, after.generalized) == (before.vm_id, "running", False)
    assert after.disks == before.disks
    (proof,) = summary.proof.values()
    assert proof["machine_id"][0] != proof["machine_id"][1]
    assert not set(proof["host_keys"][0].values()) & set(proof["host_keys"][1].values())
    assert proof["users"][1] == [plan.test_admin]
    assert "machine ID" in Path(summary.report).read_text()
    assert writes_to(cloud, run_id, cloud.world.machine_id) == []
    assert not (record_of(run_id).directory / "keys").exists()
    secrets = (os.environ["AZURE_CLIENT_SECRET"], "PRIVATE KEY")
    kept = "".join(path.read_text() for path in record_of(run_id).directory.iterdir())
    assert not [secret for secret in secrets if secret in kept]


def test_without_deprovisioning_the_gate_refuses_to_generalize(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    with pytest.raises(GateRefused) as caught:
        rebuild(recipe(cloud), run_id, ["deprovision"])
    units = {finding.split(":")[0] for finding in caught.value.findings}
    assert {"accounts_gone", "machine_id_blank", "host_keys_gone", "agent_stopped"} <= units
    requests = (cloud.local.state / "requests.jsonl").read_text()
    assert f"{plan_of(run_id).build_machine}/generalize" not in requests
    assert version_of(cloud, run_id) is None
    assert all("backup" in name for name in cloud.left_of(run_id))
    report = (record_of(run_id).directory / REPORT).read_text()
    assert caught.value.message in report
    assert f"Remedy: {caught.value.remedy}" in report
    assert "nothing was proven" in report
    assert "promoted" not in report


def test_without_the_gate_verification_catches_it_and_the_version_stays_excluded(
    cloud: Cloud, prefect: None
) -> None:
    run_id = fresh_run_id()
    with pytest.raises(VerificationFailed, match="stays excluded from latest"):
        rebuild(recipe(cloud), run_id, ["deprovision", "gate"])
    version = version_of(cloud, run_id)
    assert version is not None
    assert version.exclude_from_latest
    assert [region.name for region in version.regions] == ["westeurope"]
    assert version.tags[TAG_EXPIRES]
    assert version.tags[TAG_ROLE] == "product"
    plan = plan_of(run_id)
    assert cloud.ask(lambda azure: groups.get_group(azure, plan.scaffold_group)) is None
