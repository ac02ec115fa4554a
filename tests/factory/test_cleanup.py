"""Undo: everything is tried, and nothing hides the first error."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory.azure.connection import Connection
from factory.cleanup import undo
from factory.errors import CustomizationFailed, GuestError, VerificationFailed
from factory.plan import plan_rebuild
from factory.record import RunRecord
from factory.resume import RUN, end_of
from factory.run import Run
from tests.factory.recipes import DEFINITION, recipe


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that cannot log in to Azure any more, so that every undo fails."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "useless")
    monkeypatch.delenv("AZURE_TENANT_ID", raising=False)
    target = {"definition": DEFINITION, "managed_image_group": "images"}
    plan = plan_rebuild(recipe(target=target), run_id="r1", now=datetime(2026, 3, 4, tzinfo=UTC))
    return Run(plan, RunRecord(tmp_path / "r1"), Connection("sub", endpoint="https://127.0.0.1:1"))


async def test_an_undo_that_fails_stops_no_other_and_hides_nothing(run: Run) -> None:
    run.key("build")
    first = CustomizationFailed("motd", GuestError("vm", "no space left"))
    await undo(run, first)
    assert len(first.__notes__) == 3  # version, managed image, scaffolding: all tried
    assert "no space left" in str(first)
    assert [event.kind for event in run.record.events()].count("warning") == 3
    assert not (run.record.directory / "keys").exists()


async def test_what_verification_refused_is_kept_to_be_looked_at(run: Run) -> None:
    refused = VerificationFailed("/version", ["the machine ID is the source's"])
    await undo(run, refused)
    assert len(refused.__notes__) == 1  # the scaffolding alone


async def test_a_failed_run_that_is_to_be_kept_is_left_and_says_how_to_reach_it(run: Run) -> None:
    run.key("build")
    failed = CustomizationFailed("motd", GuestError("vm", "no space left"))
    await undo(run, failed, keep=True)
    (note,) = failed.__notes__
    for word in (run.plan.scaffold_group, run.plan.temporary_admin, str(run.keys), "2026-03-05 00:00 UTC"):
        assert word in note
    assert "golden resume r1" in note
    assert run.has_key("build")
    assert end_of(run.record.events()) == "kept"


async def test_a_stopped_run_is_undone_also_where_failed_ones_are_kept(run: Run) -> None:
    await undo(run, KeyboardInterrupt(), keep=True)
    assert end_of(run.record.events()) == "undone"


async def test_an_undo_is_told_before_it_begins_and_when_it_has_ended(run: Run) -> None:
    await undo(run, CustomizationFailed("motd", GuestError("vm", "no")))
    told = [event.kind for event in run.record.events() if event.step == RUN]
    assert told == ["undoing", "undone"]


async def test_a_cancelled_run_orders_its_deletion_and_returns(run: Run) -> None:
    run.key("build")
    cancelled = KeyboardInterrupt()
    await undo(run, cancelled)
    assert len(cancelled.__notes__) == 1
    assert not (run.record.directory / "keys").exists()
