"""Steps that are done once: what is given back, what is looked for, and what becomes void."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from factory import memory
from factory.azure.connection import Connection
from factory.errors import InvalidInput, RunInUse
from factory.memory import once
from factory.plan import PLAN, plan_rebuild
from factory.preflight import plan_checked_run, taken_up
from factory.record import RunRecord
from factory.resume import RUN, document_of
from factory.run import Run
from tests.factory.recipes import recipe


class Thing(BaseModel):
    name: str
    luns: tuple[int, ...] = ()


NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    plan = plan_rebuild(recipe(), run_id="r1", now=NOW)
    return Run(plan, RunRecord(tmp_path / "r1"), Connection("sub", endpoint="https://127.0.0.1:1"))


@pytest.fixture(autouse=True)
def no_other_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the factory are not to be mistaken for these, nor these for those."""
    monkeypatch.setattr(memory, "_STEPS", {})


class Steps:
    """Steps that count how often they were done; `there` and `captured` are what the cloud shows."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.there = True
        self.captured = True
        self.looked = 0

        async def look(_run: Run, thing: Thing) -> str | None:
            self.looked += 1
            return f"{thing.name} is there" if self.there else None

        @once("build", confirm=look, until="capture")
        async def make(run: Run, name: str) -> Thing:
            self.did.append("build")
            return Thing(name=name, luns=(0, 7))

        @once("gate", keeps=("verdict.json",))
        async def judge(run: Run) -> None:
            self.did.append("gate")
            run.record.save("verdict.json", {"ok": True})

        async def look_at_image(_run: Run, _image: str) -> str | None:
            return "the image is there" if self.captured else None

        @once("capture", confirm=look_at_image)
        async def capture(run: Run) -> str:
            self.did.append("capture")
            return "image"

        self.build, self.gate, self.capture = make, judge, capture


async def test_a_step_that_is_done_is_given_back_as_it_was_after_a_look(run: Run) -> None:
    steps = Steps()
    made = await steps.build(run, "vm")
    again = await steps.build(run, "vm")
    assert made == again == Thing(name="vm", luns=(0, 7))
    assert steps.did == ["build"]
    assert steps.looked == 1
    (taken,) = [event for event in run.record.events() if event.kind == "taken-over"]
    assert (taken.step, taken.text) == ("build", "vm is there")


async def test_a_step_whose_thing_is_gone_is_done_again_and_all_later_ones_are_void(run: Run) -> None:
    steps = Steps()
    await steps.build(run, "vm")
    await steps.gate(run)
    steps.there = False
    await steps.build(run, "vm")
    assert steps.did == ["build", "gate", "build"]
    assert not run.record.has(document_of("gate"))
    assert not run.record.has("verdict.json"), "a verdict on a guest that is gone counts for no other"
    (void,) = [event for event in run.record.events() if (event.step, event.kind) == (RUN, "void")]
    assert {"build", "gate", "capture"} <= set(void.data["steps"])


async def test_what_no_later_step_needs_any_more_is_not_looked_for(run: Run) -> None:
    steps = Steps()
    await steps.build(run, "vm")
    await steps.capture(run)
    steps.there = False
    await steps.build(run, "vm")
    await steps.capture(run)
    assert steps.did == ["build", "capture"]
    assert steps.looked == 0


async def test_what_was_not_needed_any_more_is_needed_where_what_was_made_of_it_is_gone(run: Run) -> None:
    steps = Steps()
    await steps.build(run, "vm")
    await steps.capture(run)
    steps.there = steps.captured = False
    await steps.build(run, "vm")
    await steps.capture(run)
    assert steps.did == ["build", "capture", "build", "capture"]


async def test_a_step_that_fails_is_not_remembered(run: Run) -> None:
    @once("build")
    async def fails(run: Run) -> None:
        raise InvalidInput("no")

    with pytest.raises(InvalidInput):
        await fails(run)
    assert not run.record.has(document_of("build"))


def test_a_run_is_carried_out_by_one_process_and_free_again_when_that_dies(run: Run) -> None:
    holder = f"""
import pathlib, sys
from factory.record import RunRecord
with RunRecord(pathlib.Path({str(run.record.directory)!r})).claim():
    print("held", flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    assert run.record.is_claimed()
    with pytest.raises(RunInUse, match=f"process {process.pid} on"), run.record.claim():
        pass
    process.kill()
    process.communicate()
    assert not run.record.is_claimed()
    with run.record.claim():
        assert run.record.is_claimed()


def test_an_entered_run_keeps_its_names_and_expires_later(run: Run) -> None:
    run.record.save(PLAN, run.plan.model_dump(mode="json"))

    class Later:
        def now(self) -> datetime:
            return datetime(2026, 3, 9, tzinfo=UTC)

    plan = taken_up(recipe(), run.record, Later())  # type: ignore[arg-type]  # a clock that only tells the time
    assert plan.model_dump(exclude={"expires"}) == run.plan.model_dump(exclude={"expires"})
    assert plan.expires == datetime(2026, 3, 10, tzinfo=UTC)


async def test_a_run_is_not_entered_again_with_another_recipe(run: Run, tmp_path: Path) -> None:
    run.record.save(PLAN, run.plan.model_dump(mode="json"))
    with pytest.raises(InvalidInput, match="another recipe"):
        await plan_checked_run(recipe(description="other"), "r1", {"GOLDEN_RUNS": str(tmp_path)})


def test_a_half_written_key_is_no_key(run: Run) -> None:
    run.keys.mkdir()
    (run.keys / "build.half").write_text('{"pub')
    assert not run.has_key("build")
    assert run.key("build").public == run.key("build").public
