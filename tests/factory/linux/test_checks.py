"""What holds for every check, one that is added tomorrow included."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.guest.command import Output
from factory.guest.units import Check, Stage
from factory.linux.generalize import all_checks, checks_of
from tests.factory.linux.known import UBUNTU, context_of, verification_of
from tests.factory.linux.test_operations import _state
from tests.factory.linux.tree import Tree

every_check = pytest.mark.parametrize("check", all_checks(), ids=lambda unit: unit.name)


@every_check
def test_a_probe_that_fails_is_a_finding(check: Check) -> None:
    """Silence reads as innocence only from a probe that worked."""
    for context in (context_of(), context_of(UBUNTU), verification_of()):
        assert check(Output(127, "", "sh: not found"), context)


@every_check
def test_its_probe_only_reads(check: Check, tree: Tree) -> None:
    before = _state(tree)
    tree.do(check.command(verification_of()))
    assert _state(tree) == before


@every_check
@given(st.text(), st.text())
def test_whatever_a_guest_says_the_judge_judges(check: Check, stdout: str, stderr: str) -> None:
    for context in (context_of(), context_of(UBUNTU), verification_of()):
        assert all(isinstance(text, str) and text for text in check(Output(0, stdout, stderr), context))


@every_check
def test_its_test_lies_beside_it(check: Check) -> None:
    assert (Path(__file__).parent / "checks" / f"test_{check.name}.py").is_file()


@every_check
def test_it_stands_in_the_file_of_its_name(check: Check) -> None:
    assert check.judge.__module__ == f"factory.linux.checks.{check.name}"


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_checks(stage: Stage) -> None:
    assert checks_of(stage)


def test_units_that_failed_are_looked_for_when_the_boot_is_over() -> None:
    names = [check.name for check in checks_of(Stage.AFTER_PROVISION)]
    assert names.index("boot_finished") < names.index("failed_units")
    assert names.index("boot_finished") < names.index("agent_ready")


def test_the_gate_never_takes_a_check_for_not_applicable() -> None:
    """A guard that fails by mistake would let a machine through unseen."""
    for context in (context_of(), context_of(UBUNTU)):
        assert not [check.name for check in checks_of(Stage.BEFORE_CAPTURE) if check.command(context).guard]


def test_the_gate_finds_a_machine_that_nobody_generalized(tree: Tree) -> None:
    guilty = {check.name for check in checks_of(Stage.BEFORE_CAPTURE) if tree.probe(check, context_of())}
    all_of_them = {check.name for check in checks_of(Stage.BEFORE_CAPTURE)}
    innocent = {"agent_stopped", "root_locked", "disk_space"}  # no agent; root is locked; there is room
    assert guilty == all_of_them - innocent
