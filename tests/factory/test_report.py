"""The report: of a run that failed it says why, and calls nothing proven or promoted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory.azure.connection import Connection
from factory.errors import CustomizationFailed, FactoryError, GuestError
from factory.plan import plan_rebuild
from factory.record import RunRecord
from factory.report import REPORT, summarize_failure
from factory.run import Run
from tests.factory.recipes import DEFINITION, recipe


@pytest.fixture
def run(tmp_path: Path) -> Run:
    plan = plan_rebuild(
        recipe(target={"definition": DEFINITION}), run_id="r1", now=datetime(2026, 3, 4, tzinfo=UTC)
    )
    return Run(plan, RunRecord(tmp_path / "r1"), Connection("sub", endpoint="https://azure.test"))


def test_a_failed_runs_report_says_why_and_what_to_do(run: Run) -> None:
    error = CustomizationFailed("motd", GuestError("vm", "no space left", remedy="make room"))
    with pytest.raises(FactoryError), run.record.step("customize"):
        raise error
    run.record.write("clean-up", "warning", "while undoing: the group is locked")
    text = summarize_failure(run, error)
    assert text == (run.record.directory / REPORT).read_text()
    assert "customize step 'motd' failed: vm: no space left" in text
    assert "Remedy: make room" in text
    assert "| customize | " in text
    assert "* clean-up: while undoing: the group is locked" in text
    assert "**nothing was proven**" in text
    for claim in ("promoted", "really booted", "## Proof"):
        assert claim not in text


def test_an_error_that_is_none_of_ours_is_told_by_its_name_at_least(run: Run) -> None:
    run.record.write("verify", "started")
    assert "KeyboardInterrupt" in summarize_failure(run, KeyboardInterrupt())
