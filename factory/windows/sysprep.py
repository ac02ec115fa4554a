"""Sysprep's run as a state machine: pure, over what was seen at each look.

Nothing is decided by an exit status. Success is the image state, with a mark of success that is newer than
this run's begin and no process left; failure is the end of the process without that. What cannot be reached
is neither, for a while: Sysprep takes the network down on its way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from factory.errors import spell_duration
from factory.windows.answers import moment, restarted
from factory.windows.checks.image_state_generalized import GENERALIZED
from factory.windows.sysprep_log import message_of

CONFIRMATIONS = 2
"""Looks in a row that must show the same end before a failure is believed: processes hand over."""


class State(StrEnum):
    """Where Sysprep is."""

    NOT_STARTED = "not started"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    HUNG = "hung"
    UNREACHABLE = "unreachable"

    @property
    def final(self) -> bool:
        """Whether nothing more is to be waited for."""
        return self not in (State.NOT_STARTED, State.RUNNING)


class Observation(BaseModel):
    """One look by a new session. Times are the guest's clock, in UTC."""

    model_config = ConfigDict(frozen=True)

    time: datetime
    boot: datetime | None = None
    image_state: str
    generalization_state: int | None = None
    processes: int = 0
    task: str | None = None
    started: bool = False
    exit_code: str | None = None
    tag: datetime | None = None
    lines: int = 0
    new: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @field_validator("time", "boot", "tag", mode="before")
    @classmethod
    def _moment(cls, value: Any) -> Any:
        return moment(value) if isinstance(value, str) else value

    @property
    def summary(self) -> str:
        """What was seen, for people."""
        running = f"{self.processes} processes" if self.processes else "no process"
        return f"{self.image_state}, {running}, task {self.task or 'gone'}, {self.lines} lines of log"


@dataclass(frozen=True)
class Limits:
    """Seconds of the worker's clock: for all, until it must have started, and for silence of the machine."""

    deadline: float = 30 * 60
    start: float = 3 * 60
    silence: float = 5 * 60


@dataclass(frozen=True)
class Progress:
    """Where things stand after some looks. `began` is the guest's clock just before the start."""

    began: datetime
    boot: datetime | None = None
    state: State = State.NOT_STARTED
    reason: str = ""
    last: Observation | None = None
    last_seen: float = 0.0
    lost: str | None = None
    ended: int = 0
    """Looks in a row that showed the end without success."""
    interrupted: bool = False
    """The machine was restarted meanwhile: it is not Sysprep that failed."""
    log: tuple[str, ...] = field(default=(), repr=False)

    @property
    def seen(self) -> str:
        """The last that was seen, for an error's text."""
        return self.last.summary if self.last else "nothing"


def advance(before: Progress, look: Observation | str, elapsed: float, limits: Limits) -> Progress:
    """The state after one more look: an observation, or in words why there is none.

    `elapsed` are seconds since the start by the worker's clock.
    """
    if before.state.final:
        return before
    if isinstance(look, str):
        return _unseen(before, look, elapsed, limits)
    now = replace(before, last=look, last_seen=elapsed, lost=None, log=(*before.log, *look.new))
    if succeeded(look, before.began):
        return replace(now, state=State.SUCCEEDED, reason=look.summary)
    if look.processes or _task_runs(look):
        return _past_deadline(replace(now, state=State.RUNNING, ended=0), elapsed, limits)
    return _without_process(now, look, elapsed, limits)


def succeeded(look: Observation, began: datetime) -> bool:
    """Whether this is what a generalized guest looks like after a run that began then."""
    return (
        look.image_state == GENERALIZED
        and look.tag is not None
        and look.tag >= began
        and look.processes == 0
        and not _task_runs(look)
    )


def _task_runs(look: Observation) -> bool:
    return look.task is not None and look.task.casefold() in ("running", "queued")


def _without_process(now: Progress, look: Observation, elapsed: float, limits: Limits) -> Progress:
    """No success, and nothing runs: not yet begun, ended badly, or ended by a restart."""
    if now.boot is not None and look.boot is not None and restarted(now.boot, look.boot):
        reason = f"the machine restarted while Sysprep ran, and the image state is {look.image_state}"
        return replace(now, state=State.FAILED, interrupted=True, reason=reason)
    if not look.started and elapsed < limits.start:
        return _past_deadline(now, elapsed, limits)
    ended = now.ended + 1
    if ended < CONFIRMATIONS:
        return replace(now, ended=ended, state=State.RUNNING)
    if not look.started:
        reason = f"the scheduled task did not start Sysprep within {_spell(limits.start)}"
    else:
        code = f" with {look.exit_code}" if look.exit_code is not None else ""
        reason = f"Sysprep ended{code}, and the image state is {look.image_state}"
        if look.image_state == GENERALIZED:
            reason += ", but it left no mark of success in this run"
    return replace(now, ended=ended, state=State.FAILED, reason=reason)


def _unseen(before: Progress, why: str, elapsed: float, limits: Limits) -> Progress:
    silent = elapsed - before.last_seen
    now = replace(before, lost=why)
    if silent >= limits.silence or elapsed >= limits.deadline:
        reason = f"the machine was not seen for {_spell(silent)}: {why}"
        return replace(now, state=State.UNREACHABLE, reason=reason)
    return now


def _past_deadline(now: Progress, elapsed: float, limits: Limits) -> Progress:
    if elapsed < limits.deadline:
        return now
    last = f"; its last word was {message_of(now.log[-1])!r}" if now.log else ""
    return replace(
        now, state=State.HUNG, reason=f"Sysprep did not end within {_spell(limits.deadline)}{last}"
    )


def _spell(seconds: float) -> str:
    return spell_duration(timedelta(seconds=round(seconds)))


def latest_message(lines: Sequence[str]) -> str:
    """The newest line that says something, for the progress display."""
    for line in reversed(lines):
        text = message_of(line)
        if text and "====" not in text:
            return text.removeprefix("SYSPRP ").strip()
    return ""
