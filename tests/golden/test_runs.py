"""The list of runs says what state each is in and what can be done; going on needs a run to go on with."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory.errors import InvalidInput
from factory.plan import PLAN, plan_rebuild
from factory.record import RunRecord
from golden.runs import print_runs, resume_run
from tests.factory.recipes import recipe


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOLDEN_RUNS", str(tmp_path))
    return tmp_path


def record(runs: Path, run_id: str, *told: str, planned: bool = True) -> RunRecord:
    made = RunRecord(runs / run_id)
    for words in told:
        made.write(*words.split(), by="process 7 on host")
    if planned:
        plan = plan_rebuild(recipe(), run_id=run_id, now=datetime(2026, 3, 4, tzinfo=UTC))
        made.save(PLAN, plan.model_dump(mode="json"))
    return made


def test_each_run_is_listed_with_its_state_and_the_next_command(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(runs, "r1", "run entered", "capture started", "run done")
    record(runs, "r2", "run entered", "capture started")
    record(runs, "r3", "run entered", "capture started", "run undone")
    record(runs, "r4", "preflight started", "preflight failed", planned=False)
    with record(runs, "r5", "run entered", "build started").claim():
        print_runs()
    lines = {
        line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if "│ r" in line
    }
    assert "done" in lines["r1"]
    assert "interrupted" in lines["r2"]
    assert "golden resume r2" in lines["r2"]
    assert "capture" in lines["r2"]
    assert "failed" in lines["r3"]
    assert "golden resume r3 (from its backup)" in lines["r3"]
    assert "golden rebuild RECIPE" in lines["r4"]
    assert "running" in lines["r5"]
    assert "process 7 on host" in lines["r5"]


def test_a_run_that_is_not_there_and_one_without_a_plan_cannot_be_gone_on_with(runs: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no run 'r1'"):
        resume_run("r1", as_json=False)
    assert not (runs / "r1").exists(), "asking makes no record"
    record(runs, "r2", "preflight failed", planned=False)
    with pytest.raises(InvalidInput, match="has no plan"):
        resume_run("r2", as_json=False)
