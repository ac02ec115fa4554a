"""The state machine over what was seen: no guest, no time."""

from datetime import timedelta

import pytest

from factory.windows.sysprep import Limits, Observation, Progress, State, advance, latest_message
from tests.factory.windows.known import BEGAN

LIMITS = Limits(deadline=1800, start=180, silence=300)
GENERALIZED = "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
LATER = BEGAN + timedelta(minutes=5)


def look(state: str = "IMAGE_STATE_UNDEPLOYABLE", **facts: object) -> Observation:
    return Observation.model_validate(
        {"time": LATER, "image_state": state, "started": True, "task": "Running", "processes": 1, **facts}
    )


DONE = look(GENERALIZED, tag=LATER, task="Ready", processes=0, exit_code="0")
ENDED = look("IMAGE_STATE_COMPLETE", task="Ready", processes=0, exit_code="1")
NOT_YET = look("IMAGE_STATE_COMPLETE", started=False, processes=0, task="Queued")


def after(*looks: Observation | str, every: float = 10, limits: Limits = LIMITS) -> Progress:
    progress = Progress(began=BEGAN)
    for number, seen in enumerate(looks, 1):
        progress = advance(progress, seen, number * every, limits)
    return progress


def test_nothing_seen_yet_is_not_started() -> None:
    assert after().state is State.NOT_STARTED
    assert not State.NOT_STARTED.final


def test_a_process_is_running_whatever_the_image_state() -> None:
    for state in ("IMAGE_STATE_COMPLETE", "IMAGE_STATE_UNDEPLOYABLE", GENERALIZED):
        assert after(look(state)).state is State.RUNNING


def test_image_state_new_mark_and_no_process_are_success() -> None:
    assert after(look(), DONE).state is State.SUCCEEDED


def test_a_mark_from_before_this_run_is_no_success() -> None:
    old = DONE.model_copy(update={"tag": BEGAN - timedelta(seconds=1)})
    progress = after(look(), old, old)
    assert progress.state is State.FAILED
    assert "no mark of success in this run" in progress.reason


@pytest.mark.parametrize("missing", [{"tag": None}, {"image_state": "IMAGE_STATE_UNDEPLOYABLE"}])
def test_success_needs_all_of_its_marks(missing: dict[str, object]) -> None:
    half = DONE.model_copy(update=missing)
    assert after(look(), half, half).state is State.FAILED


def test_an_end_without_success_is_a_failure_only_when_seen_twice() -> None:
    assert after(look(), ENDED).state is State.RUNNING
    progress = after(look(), ENDED, ENDED)
    assert progress.state is State.FAILED
    assert "ended with 1" in progress.reason
    assert "IMAGE_STATE_COMPLETE" in progress.reason


def test_a_process_that_hands_over_to_another_has_not_failed() -> None:
    assert after(look(), ENDED, look(), ENDED).state is State.RUNNING


def test_undeployable_for_ever_with_a_process_is_hung_at_the_deadline() -> None:
    busy = look(new=("2026-03-04 10:20:00, Info SYSPRP waiting for the licensing service",))
    progress = after(*[busy] * 5, every=400)
    assert progress.state is State.HUNG
    assert "30 min" in progress.reason
    assert "waiting for the licensing service" in progress.reason


def test_a_task_that_never_starts_sysprep_is_a_failure() -> None:
    dead = NOT_YET.model_copy(update={"task": "Ready"})
    progress = after(dead, dead, dead, every=100)
    assert progress.state is State.FAILED
    assert "did not start Sysprep" in progress.reason


def test_before_it_has_to_have_started_nothing_is_decided() -> None:
    assert after(NOT_YET.model_copy(update={"task": "Ready"})).state is State.NOT_STARTED


def test_lost_looks_are_borne_until_the_machine_was_silent_too_long() -> None:
    lost = "connection lost"
    assert after(look(), lost, lost, DONE).state is State.SUCCEEDED
    assert after(look(), lost, lost).state is State.RUNNING
    progress = after(look(), *[lost] * 30)
    assert progress.state is State.UNREACHABLE
    assert "5 min" in progress.reason
    assert lost in progress.reason


def test_a_connection_that_is_lost_at_every_look_is_unreachable_not_failed() -> None:
    assert after(*["nothing listens on this port"] * 40).state is State.UNREACHABLE


def test_an_end_is_final() -> None:
    assert after(look(), DONE, look()).state is State.SUCCEEDED


def test_the_log_grows_by_what_is_new() -> None:
    progress = after(look(new=("a",), lines=1), look(new=("b", "c"), lines=3))
    assert progress.log == ("a", "b", "c")


def test_times_of_powershell_have_seven_digits() -> None:
    seen = Observation.model_validate({"time": "2026-03-04T10:06:00.1234567Z", "image_state": "x"})
    assert seen.time.microsecond == 123456


def test_the_progress_shows_what_says_something() -> None:
    lines = ["2026-03-04 10:00:05, Info SYSPRP RunDlls:one", "2026-03-04 10:00:05, Info SYSPRP ========"]
    assert latest_message(lines) == "RunDlls:one"
