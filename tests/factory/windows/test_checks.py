"""What every check says to the answers in `answers/`, and what holds for each."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.guest.command import Output
from factory.guest.units import Check, Stage
from factory.windows.generalize import all_checks, checks_of
from factory.windows.probe import Doubt
from tests.factory.windows.known import context

ANSWERS = Path(__file__).parent / "answers"
every_check = pytest.mark.parametrize("check", all_checks(), ids=lambda unit: unit.name)


def recorded(check: Check) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ANSWERS / f"{check.name}.json").read_text())
    return found


def said(check: Check, answer: Any) -> list[str]:
    return check(Output(0, f"a line before\r\n{json.dumps(answer)}\r\n"), context())


@every_check
def test_answers_that_pass_pass(check: Check) -> None:
    assert recorded(check)["passes"]
    for answer in recorded(check)["passes"]:
        assert said(check, answer) == []


@every_check
def test_answers_that_fail_are_findings_that_say_why(check: Check) -> None:
    assert recorded(check)["fails"]
    for entry in recorded(check)["fails"]:
        findings = [text for text in said(check, entry["answer"]) if not isinstance(text, Doubt)]
        assert any(entry["says"] in text for text in findings), findings


@every_check
def test_doubts_are_warnings_and_no_findings(check: Check) -> None:
    for entry in recorded(check).get("doubts", []):
        found = said(check, entry["answer"])
        assert found
        assert all(isinstance(text, Doubt) for text in found), found
        assert any(entry["says"] in text for text in found), found


@every_check
def test_a_probe_that_fails_is_a_finding(check: Check) -> None:
    """Silence reads as innocence only from a probe that worked."""
    assert check(Output(1, "", "Access is denied."), context())
    assert check(Output(0, "", ""), context())
    assert check(Output(0, "{}", ""), context())


@every_check
@given(st.text(), st.text())
def test_whatever_a_guest_says_the_judge_judges(check: Check, stdout: str, stderr: str) -> None:
    assert all(isinstance(text, str) and text for text in check(Output(0, stdout, stderr), context()))


COMPARING = (
    "machine_sid_new",
    "computer_name_taken",
    "accounts_gone",
    "data_disks_present",
    "files_unchanged",
)


@pytest.mark.parametrize(
    "check", [unit for unit in all_checks() if unit.name in COMPARING], ids=lambda unit: unit.name
)
def test_without_knowing_the_source_a_comparison_is_a_finding(check: Check) -> None:
    blind = context().model_copy(update={"expected": None})
    for answer in recorded(check)["passes"]:
        assert check(Output(0, json.dumps(answer)), blind)


@every_check
def test_its_script_stops_at_the_first_error_and_reads_only(check: Check) -> None:
    text = str(check.command(context()).line)
    assert "$ErrorActionPreference = 'Stop'" in text
    for verb in ("Set-", "Remove-", "New-Item", "Stop-", "Start-", "Clear-", "Disable-", "Enable-", "Add-"):
        assert verb not in text


def test_every_stage_is_looked_at() -> None:
    for stage in Stage:
        assert checks_of(stage)


def test_no_answers_are_left_of_a_check_that_is_gone() -> None:
    assert {path.stem for path in ANSWERS.glob("*.json")} == {check.name for check in all_checks()}
