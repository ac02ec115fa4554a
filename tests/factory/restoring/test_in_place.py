"""A run in place that ends before its time: nothing about the original is guessed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory.azure.connection import Connection
from factory.errors import GateRefused, OriginalTouched
from factory.in_place import RESTORED, TOUCHED, confirm_original, give_back, give_back_after
from factory.plan import plan_rebuild
from factory.record import RunRecord
from factory.run import Run
from tests.factory.recipes import recipe


@pytest.fixture
def run(tmp_path: Path) -> Run:
    plan = plan_rebuild(
        recipe(strategy="in-place"), run_id="26030401020304ab", now=datetime(2026, 3, 4, tzinfo=UTC)
    )
    return Run(plan, RunRecord(tmp_path / plan.run_id), Connection(subscription_id="s"))


async def test_a_run_that_is_told_to_stop_says_how_the_original_comes_back(run: Run) -> None:
    run.record.save(TOUCHED, {})
    stopped = KeyboardInterrupt()
    await give_back_after(run, stopped)
    (note,) = stopped.__notes__
    assert "golden restore 26030401020304ab --in-place" in note
    (warning,) = [event for event in run.record.events() if event.kind == "warning"]
    assert warning.data["remedy"] == "golden restore 26030401020304ab --in-place"


async def test_an_original_that_was_not_changed_is_not_restored(run: Run) -> None:
    error = GateRefused("vm", ["x"])
    await give_back_after(run, error)
    assert not hasattr(error, "__notes__")
    assert await give_back(run) is None


def test_an_interrupted_run_goes_on_only_from_what_was_captured(run: Run) -> None:
    run.record.save(TOUCHED, {})
    assert confirm_original(run, captured=True)
    with pytest.raises(OriginalTouched, match="interrupted while it changed") as caught:
        confirm_original(run, captured=False)
    assert "golden restore 26030401020304ab --in-place, then start a new run" in str(caught.value)


def test_a_run_that_has_given_the_original_back_does_not_begin_again(run: Run) -> None:
    run.record.save(RESTORED, {})
    with pytest.raises(OriginalTouched, match="ended and restored"):
        confirm_original(run, captured=False)


async def test_a_restore_that_fails_is_told_beside_the_first_error_and_hides_it_not(run: Run) -> None:
    run.record.save(TOUCHED, {})
    error = GateRefused("vm", ["x"])
    await give_back_after(run, error)  # the record holds no manifest
    (note,) = error.__notes__
    assert note.startswith("the original could not be restored")
