"""A run that is carried out shows signs of life: to the reaper in the cloud, to others in its record."""

import asyncio
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from factory.azure.client import Azure
from factory.errors import InvalidInput, RunInUse
from factory.ownership import owned
from factory.plan import plan_rebuild
from factory.record import RunRecord
from factory.resume import RUN, document_of, end_of
from factory.run import Run
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import Answer, Seen, Wire, fails
from tests.factory.recipes import recipe


@pytest.fixture
def run(tmp_path: Path, azure: Azure, clock: JumpingClock) -> Run:
    class Wired(Run):
        def azure(self) -> Any:  # Any: the client of the test, not closed when a step is done
            return nullcontext(azure)

    plan = plan_rebuild(recipe(expires_hours=8), run_id="r1", now=datetime(2026, 3, 4, tzinfo=UTC))
    return Wired(plan, RunRecord(tmp_path / "r1"), azure.connection, clock)


def serve_group(wire: Wire, plan: Any, run_id: str = "r1") -> list[str]:
    """A group that keeps its tags; returns the expiries that it was given."""
    tags = {**plan.tags("scaffolding"), "golden-run": run_id}
    given: list[str] = []

    def group(_seen: Seen) -> Answer:
        body = {"id": "/g", "name": plan.scaffold_group, "location": "w", "tags": dict(tags)}
        return Answer(200, {**body, "properties": {"provisioningState": "Succeeded"}})

    def patch(seen: Seen) -> Answer:
        tags.update(seen.body["tags"])
        given.append(tags["golden-expires"])
        return group(seen)

    wire.on("GET", f"/resourceGroups/{plan.scaffold_group}", group)
    wire.on("PATCH", f"/resourceGroups/{plan.scaffold_group}", patch)
    return given


async def test_a_live_run_moves_its_expiry_on_until_it_ends(
    run: Run, wire: Wire, clock: JumpingClock
) -> None:
    given = serve_group(wire, run.plan)
    async with owned(run):
        while len(given) < 3:
            await asyncio.sleep(0.01)
    count = len(given)
    await asyncio.sleep(0.05)
    assert len(given) == count, "a run that has ended shows no life"
    assert given == sorted(set(given))
    assert clock.sleeps[0] == 2 * 3600, "four signs within the eight hours after which it may be reaped"
    assert end_of(run.record.events()) == "done"


async def test_another_runs_group_of_the_same_name_is_left_alone(run: Run, wire: Wire) -> None:
    given = serve_group(wire, run.plan, "r2")
    run.record.write(RUN, "entered")
    async with owned(run):
        pass
    assert given == []


async def test_an_entry_voids_a_half_done_guest_and_says_why(run: Run, wire: Wire) -> None:
    wire.on("GET", f"/resourceGroups/{run.plan.scaffold_group}", fails(404, "ResourceGroupNotFound"))
    run.record.write(RUN, "entered")
    for step in ("back-up", "build"):
        run.record.save(document_of(step), {"result": None})
    run.record.write("open", "started")
    async with owned(run, skip=["gate"], keep_on_failure=True):
        assert run.record.documents() == [document_of("back-up")]
    entered = [event for event in run.record.events() if event.kind == "entered"][-1]
    assert "thrown away" in entered.text
    assert "goes on with build" in entered.text
    assert (entered.data["entry"], entered.data["skip"], entered.data["keep_on_failure"]) == (
        2,
        ["gate"],
        True,
    )


async def test_a_run_is_not_entered_while_somebody_else_carries_it_out(run: Run) -> None:
    with run.record.claim(), pytest.raises(RunInUse):
        async with owned(run):
            pass
    assert run.record.events() == [], "who may not enter writes nothing"


async def test_a_run_that_fails_is_not_recorded_as_done(run: Run, wire: Wire) -> None:
    serve_group(wire, run.plan)
    with pytest.raises(InvalidInput):
        async with owned(run):
            raise InvalidInput("no")
    assert end_of(run.record.events()) is None
    assert not run.record.is_claimed()
