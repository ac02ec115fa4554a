"""Where a run that is entered again goes on: told as a table of what its record holds."""

from datetime import UTC, datetime

import pytest

from factory.record import Event
from factory.resume import (
    STEPS,
    document_of,
    is_guest_half_done,
    is_product_stale,
    plan_resume,
    state_of,
)

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def events(*told: str) -> list[Event]:
    """Events from words: "build started", "run void build open"."""
    found = []
    for words in told:
        step, kind, *steps = words.split()
        found.append(Event(NOW, step, kind, "", {"steps": steps} if steps else {}))
    return found


def done(until: str) -> list[str]:
    """The documents of all steps up to and with this one."""
    return [document_of(step) for step in STEPS[: STEPS.index(until) + 1]]


OPENED = ("run entered", "back-up started", "build started", "open started")


@pytest.mark.parametrize(
    ("told", "documents", "goes_on_with", "void"),
    [
        ((), [], "back-up", []),
        (("run entered", "back-up started"), [], "back-up", []),
        (("run entered", "back-up started", "build started"), done("back-up"), "build", []),
        (("run entered",), done("build"), "open", []),
        (OPENED, done("build"), "build", ["build"]),
        (OPENED, done("open"), "build", ["build", "open"]),
        ((*OPENED, "customize started"), done("open"), "build", ["build", "open"]),
        (
            (*OPENED, "generalize-guest started"),
            done("check"),
            "build",
            ["build", "open", "customize", "check"],
        ),
        (
            (*OPENED, "gate started"),
            done("generalize-guest"),
            "build",
            ["build", "open", "customize", "check", "generalize-guest"],
        ),
        ((*OPENED, "gate started", "gate finished"), done("gate"), "generalize", []),
        ((*OPENED, "generalize started"), done("gate"), "generalize", []),
        ((*OPENED, "capture started"), done("generalize"), "capture", []),
        ((*OPENED, "verify started"), done("capture"), "verify", []),
        ((*OPENED, "promote started"), done("verify"), "promote", []),
        ((*OPENED, "clean-up started"), done("promote"), None, []),
        ((*OPENED, "run void build open", "run discarded"), done("back-up"), "build", []),
        ((*OPENED, "run void build", "run discarded", "build started"), done("build"), "open", []),
        ((*OPENED, "run undoing"), done("capture"), "build", list(STEPS[1:9])),
        ((*OPENED, "run undoing", "run undone"), done("gate"), "build", list(STEPS[1:7])),
        ((*OPENED, "run undone"), done("promote"), None, []),
        ((*OPENED, "run undone", "run entered"), done("back-up"), "build", []),
        ((*OPENED, "run kept"), done("capture"), "verify", []),
        ((*OPENED, "run kept"), done("customize"), "build", ["build", "open", "customize"]),
    ],
)
def test_an_entry_goes_on_with_the_first_step_that_cannot_be_taken_over(
    told: tuple[str, ...], documents: list[str], goes_on_with: str | None, void: list[str]
) -> None:
    resumption = plan_resume(events(*told), documents)
    assert resumption.next == goes_on_with
    assert list(resumption.void) == void
    assert bool(resumption.void) <= bool(resumption.why)


def test_a_result_behind_a_missing_one_is_not_used() -> None:
    documents = [document_of("back-up"), document_of("capture")]
    resumption = plan_resume(events("run entered"), documents)
    assert resumption.taken == ("back-up",)
    assert resumption.void == ("capture",)


def test_entries_are_counted() -> None:
    assert plan_resume([], []).entry == 1
    assert plan_resume(events("run entered", "run entered"), []).entry == 3


def test_a_guest_is_half_done_from_the_first_command_until_it_is_thrown_away() -> None:
    assert not is_guest_half_done(events("build started", "build finished"))
    assert is_guest_half_done(events("build finished", "open started"))
    assert not is_guest_half_done(events("open started", "run discarded"))
    assert is_guest_half_done(events("open started", "run discarded", "open started"))
    assert is_guest_half_done(events("build finished", "run void build open"))


def test_what_was_captured_of_a_machine_that_is_gone_is_stale() -> None:
    assert not is_product_stale(events("capture started"))
    assert not is_product_stale(events("run discarded"))
    assert is_product_stale(events("capture started", "run discarded"))
    assert is_product_stale(events("capture started", "capture finished", "run void capture verify"))
    assert not is_product_stale(events("capture started", "run void build", "capture started"))


@pytest.mark.parametrize(
    ("told", "owned", "state"),
    [
        (("run entered", "build started"), True, "running"),
        (("run entered", "build started"), False, "interrupted"),
        (("run entered", "run done"), False, "done"),
        (("run entered", "run undone"), False, "failed"),
        (("run entered", "run undoing"), False, "interrupted"),
        (("run entered", "run kept"), False, "failed"),
        (("run entered", "run undone", "run entered"), True, "running"),
        (("preflight started", "preflight failed"), False, "failed"),
        (("preflight started",), False, "interrupted"),
    ],
)
def test_a_run_is_shown_with_its_state(told: tuple[str, ...], owned: bool, state: str) -> None:
    assert state_of(events(*told), owned=owned) == state
