"""The steps ask a family and nothing else; what a family gives survives the record."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter

from factory.azure.connection import Connection
from factory.azure.machine_bodies import image_body
from factory.azure.machine_models import SecurityProfile
from factory.customize import Source
from factory.errors import InvalidInput
from factory.families import family_of
from factory.family import AnyEvidence
from factory.guest.units import Family, Stage
from factory.linux.context import Context as LinuxContext
from factory.linux.facts import parse_facts
from factory.linux.generalize import Evidence
from factory.plan import Plan, plan_rebuild
from factory.record import RunRecord
from factory.run import BUILD_KEY, Run
from factory.windows.context import Context
from factory.windows.generalize import WindowsEvidence
from tests.factory.recipes import recipe
from tests.factory.windows.known import SERVER

FACTORY = Path(__file__).parents[2] / "factory"
STEPS = ("access", "backup", "build", "capture", "customize", "generalize", "promote", "verify")
NOW = datetime(2026, 3, 4, tzinfo=UTC)
LINUX = Evidence(stage=Stage.BEFORE_CAPTURE, context=LinuxContext(facts=parse_facts("")))
WINDOWS = WindowsEvidence(stage=Stage.BEFORE_CAPTURE, context=Context())


def plan_of(family: Family) -> Plan:
    return plan_rebuild(recipe(), run_id="26030405060701aa", now=NOW, family=family)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_never_asks_which_system_a_guest_runs(step: str) -> None:
    code = re.sub(r'"""(.|\n)*?"""', "", (FACTORY / f"{step}.py").read_text())
    assert not re.search(r"windows|linux", code, re.IGNORECASE)


@pytest.mark.parametrize("family", list(Family))
def test_a_plan_remembers_its_family(family: Family) -> None:
    kept = Plan.model_validate_json(plan_of(family).model_dump_json())
    assert family_of(kept).name is family


def test_a_windows_name_has_at_most_fifteen_characters_and_the_runs_mark() -> None:
    plan = plan_of(Family.WINDOWS)
    name = family_of(plan).computer_name(plan.build_machine, plan.run_id)
    assert len(name) <= 15
    assert name.endswith("01aa")
    assert len(plan.test_computer_name) <= 15
    assert family_of(plan_of(Family.LINUX)).computer_name(plan.build_machine, "x") == plan.build_machine


def test_each_family_has_a_port_of_its_own() -> None:
    ports = [family_of(plan_of(family)).admitted_port(recipe().build) for family in Family]
    assert ports == [22, 5986]


@pytest.mark.parametrize(("family", "evidence"), [(Family.LINUX, WINDOWS), (Family.WINDOWS, LINUX)])
def test_a_family_does_not_judge_anothers_evidence(family: Family, evidence: AnyEvidence) -> None:
    with pytest.raises(InvalidInput, match="no evidence of a"):
        family_of(plan_of(family)).judge(evidence)


def test_facts_and_evidence_come_back_from_the_record_as_what_they_were() -> None:
    source = Source(facts=SERVER)
    assert Source.model_validate_json(source.model_dump_json()) == source
    adapter: TypeAdapter[AnyEvidence] = TypeAdapter(AnyEvidence)
    for evidence in (LINUX, WINDOWS):
        assert adapter.validate_json(adapter.dump_json(evidence)) == evidence


def test_a_runs_password_is_kept_for_its_owner_fits_azures_rules_and_is_destroyed(tmp_path: Path) -> None:
    run = Run(plan_of(Family.WINDOWS), RunRecord(tmp_path / "r1"), Connection("sub"))
    password = run.password(BUILD_KEY)
    text = password.get_secret_value()
    assert run.password(BUILD_KEY).get_secret_value() == text
    assert 12 <= len(text) <= 123
    assert all(re.search(kind, text) for kind in ("[A-Z]", "[a-z]", "[0-9]"))
    (file,) = run.keys.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert text not in f"{password!r} {family_of(run.plan).credentials(run, BUILD_KEY)!r}"
    run.destroy_keys()
    assert not file.exists()


def test_a_windows_machine_is_provisioned_with_a_password_and_no_linux_configuration() -> None:
    body = image_body(
        "westeurope",
        image="/image",
        size="Standard_B2s",
        computer_name="verify-01aa",
        admin="verifier",
        password=SecretStr("Gf1-x"),
        os_disk_name="os",
        luns=(0,),
        interface_id="/nic",
        tags={},
        security=SecurityProfile(),
        plan=None,
    )
    profile = body["properties"]["osProfile"]
    assert profile["adminPassword"] == "Gf1-x"
    assert profile["windowsConfiguration"]["provisionVMAgent"] is True
    assert "linuxConfiguration" not in profile
