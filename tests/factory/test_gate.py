"""Nothing irreversible and nothing public without what the record must hold. No call to Azure is reached."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory.azure.connection import Connection
from factory.azure.groups import Resource
from factory.build import BuildMachine, network_rules
from factory.capture import Product
from factory.cleanup import find_strangers
from factory.errors import GateRefused, InvalidInput
from factory.generalize import VERDICT, judge_evidence, mark_generalized
from factory.guest.command import Output
from factory.guest.evidence import CheckEvidence
from factory.guest.units import Stage
from factory.linux.context import Context
from factory.linux.facts import parse_facts
from factory.linux.generalize import Evidence
from factory.plan import plan_rebuild
from factory.promote import publish_product
from factory.record import RunRecord
from factory.run import Run
from factory.verify import PROOF
from tests.factory.recipes import recipe


@pytest.fixture
def run(tmp_path: Path) -> Run:
    plan = plan_rebuild(recipe(), run_id="r1", now=datetime(2026, 3, 4, tzinfo=UTC))
    nowhere = Connection("sub", endpoint="https://127.0.0.1:1")
    return Run(plan, RunRecord(tmp_path / "r1"), nowhere)


MACHINE = BuildMachine(id="/vm", address="127.0.0.1", azure_admin=None)


def evidence(machine_id: str) -> Evidence:
    seen = CheckEvidence(
        unit="machine_id_blank", stage=Stage.BEFORE_CAPTURE, output=Output(0, stdout=machine_id)
    )
    return Evidence(stage=Stage.BEFORE_CAPTURE, context=Context(facts=parse_facts("")), checks=(seen,))


async def test_generalize_is_not_called_without_a_verdict(run: Run) -> None:
    with pytest.raises(InvalidInput, match="no such document"):
        await mark_generalized(run, MACHINE)


async def test_generalize_is_not_called_on_a_bad_verdict(run: Run) -> None:
    run.record.save(VERDICT, {"ok": False, "skipped": False})
    with pytest.raises(GateRefused, match="no good verdict"):
        await mark_generalized(run, MACHINE)


def test_the_gate_refuses_what_the_evidence_shows_and_keeps_the_verdict(run: Run) -> None:
    with pytest.raises(GateRefused):
        judge_evidence(run, evidence("0123456789abcdef0123456789abcdef"), [])
    assert run.record.load(VERDICT)["ok"] is False


def test_evidence_of_nothing_is_no_evidence(run: Run) -> None:
    nothing = Evidence(stage=Stage.BEFORE_CAPTURE, context=Context(facts=parse_facts("")))
    with pytest.raises(GateRefused):
        judge_evidence(run, nothing, [])


def test_a_skipped_gate_says_so_in_the_record(run: Run) -> None:
    judge_evidence(run, evidence("0123456789abcdef0123456789abcdef"), ["gate"])
    assert run.record.load(VERDICT)["skipped"] is True
    assert any("rehearsal" in event.text for event in run.record.events())


async def test_what_the_record_does_not_show_as_verified_is_not_promoted(run: Run) -> None:
    run.record.save(PROOF, {"verified": {"/other": {}}})
    with pytest.raises(GateRefused, match="does not show it as verified"):
        await publish_product(run, Product(kind="gallery-version", id="/version"))


def test_a_key_is_made_once_kept_for_its_owner_and_destroyed(run: Run) -> None:
    key = run.key("build")
    assert run.key("build").public == key.public
    (file,) = (run.record.directory / "keys").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    run.destroy_keys()
    assert not file.exists()


def test_the_build_network_admits_the_worker_and_nobody_else() -> None:
    rules = sorted(network_rules(recipe().build, 22), key=lambda rule: rule.priority)
    inbound = [rule for rule in rules if rule.direction == "Inbound"]
    assert [(rule.access, rule.source, rule.port) for rule in inbound] == [
        ("Allow", "10.0.0.4", "22"),
        ("Deny", "*", "*"),
    ]
    assert [rule.access for rule in rules if rule.direction == "Outbound"] == ["Allow", "Deny"]


def test_strangers_in_a_group_are_those_without_our_tag_or_name() -> None:
    tag = {"golden-run": "r1"}
    base = "/subscriptions/s/resourceGroups/g-r1-tmp/providers"
    ours = Resource(f"{base}/t/vm", "vm", "t", "w", tag)
    disk = Resource(f"{base}/t/test-r1-os", "test-r1-os", "t", "w")
    mine = Resource(f"{base}/t/mine", "mine", "t", "w", {"golden-run": "r2"})
    assert find_strangers([ours, disk, mine], "r1") == [mine.id]
