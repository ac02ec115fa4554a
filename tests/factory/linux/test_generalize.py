"""Operations in order, then the gate's evidence, then a verdict that anybody can repeat."""

import pytest

from factory.errors import ConnectionLost, InvalidInput
from factory.guest.command import Command, Output, sh
from factory.guest.evidence import CheckEvidence, Finding, Verdict
from factory.guest.units import Stage
from factory.linux.context import Context
from factory.linux.generalize import Evidence, _done, checks_of, examine, generalize, judge
from tests.factory.guest.scripted import ScriptedGuest
from tests.factory.linux.known import UBUNTU, context_of, verification_of
from tests.factory.linux.tree import Tree

CLEAN = {
    "/etc/machine-id | ": Output(0),
    "nameserver": Output(0),
    "substr($2, 1, 1)": Output(0, "*\n"),
    "var/lib/dbus/machine-id; do": Output(0, "/etc/machine-id|\n/var/lib/dbus/machine-id|\n"),
}


async def test_the_agent_stops_first_deprovisioning_comes_late_and_the_gate_looks_last() -> None:
    guest = ScriptedGuest()
    await generalize(guest, context_of(UBUNTU))
    order = [
        guest.position("systemctl stop walinuxagent"),
        guest.position("cloud-init clean"),
        guest.position("waagent -force -deprovision+user"),
        guest.position("userdel"),
        guest.position("journalctl"),
        guest.position("truncate --size=0 /etc/machine-id"),
        guest.position("sync"),
        guest.position("find /var/lib/waagent"),
    ]
    assert order == sorted(order)


async def test_a_machine_that_was_generalized_passes() -> None:
    evidence = await generalize(ScriptedGuest(CLEAN), context_of())
    verdict = judge(evidence)
    assert verdict.findings == ()
    assert verdict.ok
    assert set(verdict.checked) == {check.name for check in checks_of(Stage.BEFORE_CAPTURE)}


async def test_skipping_deprovision_skips_every_operation_and_the_gate_refuses(tree: Tree) -> None:
    before = tree.left()
    evidence = await generalize(tree, context_of(), skip={"deprovision"})
    assert tree.left() == before
    assert [entry.unit for entry in evidence.commands] == ["sync"]
    verdict = judge(evidence)
    assert not verdict.ok
    assert "the account azureuser is in /etc/passwd" in verdict.sentence


async def test_one_operation_can_be_skipped_by_name(tree: Tree) -> None:
    evidence = await generalize(tree, context_of(), skip={"machine_id"})
    assert "accounts" in {entry.unit for entry in evidence.commands}
    assert Finding(unit="machine_id_blank", text="/etc/machine-id still holds an ID") in (
        judge(evidence).findings
    )


async def test_skipping_what_does_not_exist_is_an_error_before_anything_is_done() -> None:
    guest = ScriptedGuest()
    with pytest.raises(InvalidInput, match="no operation called depovision"):
        await generalize(guest, context_of(), skip={"depovision"})
    assert not guest.asked


async def test_a_command_that_failed_is_a_warning_and_effects_decide() -> None:
    guest = ScriptedGuest(CLEAN | {"waagent -force": Output(1, "", "usage\nno such option\n")})
    verdict = judge(await generalize(guest, context_of()))
    assert verdict.ok
    assert verdict.warnings == ("deprovision: 'waagent -force -deprovision+user' exited 1: no such option",)


async def test_an_agent_that_failed_and_said_success_is_found_by_its_effects() -> None:
    guest = ScriptedGuest(
        CLEAN
        | {
            "waagent -force": Output(0, "Failed to run 'deprovision+user'"),
            "find /var/lib/waagent": Output(0, "/var/lib/waagent/provisioned\n"),
        }
    )
    assert not judge(await generalize(guest, context_of())).ok


async def test_a_connection_that_breaks_ends_it_with_the_command_it_broke_under() -> None:
    class Breaking(ScriptedGuest):
        async def run(self, command: Command) -> Output:
            if "waagent -force" in command.line:
                raise ConnectionLost(self.name, str(command), "gone")
            return await super().run(command)

    with pytest.raises(ConnectionLost, match="waagent -force -deprovision"):
        await generalize(Breaking(), context_of())


async def test_evidence_can_be_kept_and_judged_again(tree: Tree) -> None:
    evidence = await generalize(tree, context_of(), skip={"deprovision"})
    kept = Evidence.model_validate_json(evidence.model_dump_json())
    assert judge(kept) == judge(evidence)


async def test_evidence_shows_what_each_command_left() -> None:
    guest = ScriptedGuest({"waagent -force": Output(0, "x" * 5000 + "the end", "warned")})
    evidence = await generalize(guest, context_of())
    [entry] = [entry for entry in evidence.commands if entry.unit == "deprovision"]
    assert entry.command == "waagent -force -deprovision+user"
    assert entry.stdout.endswith("the end")
    assert len(entry.stdout) == 2000
    assert (entry.status, entry.stderr) == (0, "warned")


async def test_a_command_that_did_not_apply_is_no_warning() -> None:
    guest = ScriptedGuest({"userdel": Output(0, skipped=True)})
    evidence = await generalize(guest, context_of())
    assert [entry.status for entry in evidence.commands if "userdel" in entry.command] == [None]


def test_what_nobody_looked_at_is_a_finding() -> None:
    verdict = judge(Evidence(stage=Stage.BEFORE_CAPTURE, context=context_of()))
    assert not verdict.ok
    assert {finding.text for finding in verdict.findings} == {"nobody looked"}
    assert len(verdict.findings) == len(checks_of(Stage.BEFORE_CAPTURE))


def test_evidence_of_another_stage_does_not_count() -> None:
    entry = CheckEvidence(unit="root_locked", stage=Stage.AFTER_PROVISION, output=Output(0, "*\n"))
    evidence = Evidence(stage=Stage.BEFORE_CAPTURE, context=context_of(), checks=(entry,))
    assert Finding(unit="root_locked", text="nobody looked") in judge(evidence).findings


@pytest.mark.parametrize("context", [context_of(), verification_of()], ids=["source", "made"])
async def test_every_check_of_a_stage_is_looked_at(context: Context) -> None:
    for stage in Stage:
        evidence = await examine(ScriptedGuest(), stage, context)
        assert [entry.unit for entry in evidence.checks] == [check.name for check in checks_of(stage)]


async def test_checks_that_a_guest_cannot_have_are_named_as_such() -> None:
    guest = ScriptedGuest({"systemctl list-units": Output(0, skipped=True)})
    verdict = judge(await examine(guest, Stage.AFTER_PROVISION, verification_of()))
    assert verdict.not_applicable == ("failed_units",)
    assert "failed_units" not in verdict.checked


def test_a_verdict_on_nothing_is_no_approval() -> None:
    assert not Verdict().ok
    assert Verdict().sentence == "nothing was checked"


def test_a_verdict_says_its_first_findings_in_one_sentence() -> None:
    findings = tuple(Finding(unit="u", text=f"finding {number}") for number in range(5))
    verdict = Verdict(findings=findings, checked=("u",))
    assert verdict.sentence == "finding 0; finding 1; finding 2; and 2 more"
    assert Verdict(checked=("u", "v")).sentence == "2 checks found nothing"
    assert str(findings[0]) == "u: finding 0"


def test_a_sensitive_command_leaves_no_words_in_the_evidence() -> None:
    entry = _done("u", sh("echo", "hunter2", sensitive=True), Output(0, "hunter2", "hunter2"))
    assert "hunter2" not in entry.model_dump_json()
