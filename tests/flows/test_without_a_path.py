"""A worker without a network path: Run Command in, the serial log out, no account, no port."""

import json

import pytest

from factory.run import fresh_run_id
from tests.cloud import Cloud
from tests.flows.test_rebuild import plan_of, rebuild, recipe, record_of, version_of

pytestmark = [pytest.mark.guest, pytest.mark.prefect]


def test_a_rebuild_by_run_command_alone_is_verified_and_promoted(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    build = {"subnet": cloud.world.subnet_id, "transport": "run-command"}

    summary = rebuild(recipe(cloud, build=build), run_id)

    version = version_of(cloud, run_id)
    assert version is not None
    assert not version.exclude_from_latest
    (proof,) = summary.proof.values()
    assert proof["machine_id"][0] != proof["machine_id"][1]
    assert proof["users"][1] == [plan_of(run_id).test_admin]
    record = record_of(run_id)
    verdict = record.load("verdict.json")
    assert verdict["ok"]
    assert len(verdict["checked"]) >= 10
    said = [event.text for event in record.events()]
    assert "Run Command alone: no account, no port" in said
    assert any("no login was tried" in text for text in said)
    rules = [
        call
        for call in map(json.loads, (cloud.local.state / "requests.jsonl").read_text().splitlines())
        if f"run/{run_id}" in (call["user_agent"] or "") and "networksecuritygroups" in call["path"].lower()
    ]
    assert rules, "the build machine is behind a group that lets nobody in"
