"""Where a run that is entered again goes on: decided from its record alone, by one pure function.

A step is done when its result lies in the record (`step-NAME.json`, written when the step had ended). What
lies there is taken over in order, up to the first step that is missing. One stretch is never taken up in the
middle: a guest that was opened and whose gate gave no verdict is thrown away and made again from the backup,
because nobody can say how far a half-done generalization came. Whether what a result names still is in the
cloud is asked later, by `memory.once`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from factory.record import Event

StepName = Literal[
    "back-up",
    "build",
    "open",
    "customize",
    "check",
    "generalize-guest",
    "gate",
    "generalize",
    "capture",
    "verify",
    "promote",
]
STEPS: tuple[StepName, ...] = get_args(StepName)
"""The steps whose results are kept, in their order. Clean-up and report are simply done again."""

IN_GUEST: tuple[StepName, ...] = ("open", "customize", "check", "generalize-guest", "gate")
"""The steps that change the guest, from the first command in it to the verdict on it."""

RUN = "run"
"""The step under which a record tells of the run itself: entered, void, discarded, and how it ended."""

End = Literal["done", "undoing", "undone", "kept"]
State = Literal["running", "interrupted", "done", "failed"]


@dataclass(frozen=True)
class Resumption:
    """How a run goes on: with the results of the steps that are `taken`, never with those that are `void`."""

    entry: int
    end: End | None
    taken: tuple[StepName, ...]
    void: tuple[StepName, ...]
    why: str = ""

    @property
    def next(self) -> StepName | None:
        """The first step that is done again or for the first time; `None` where only the clean-up is left."""
        return STEPS[len(self.taken)] if len(self.taken) < len(STEPS) else None


def document_of(step: str) -> str:
    """The name of the document that holds a step's result."""
    return f"step-{step}.json"


def plan_resume(events: Sequence[Event], documents: Collection[str]) -> Resumption:
    """Decide what is taken over when a run is entered (again). Pure.

    `documents` are the names of those that lie in the record.
    """
    kept = [step for step in STEPS if document_of(step) in documents]
    taken = []
    for step in STEPS:
        if step not in kept:
            break
        taken.append(step)
    why, end = "", end_of(events)
    if end in ("undoing", "undone") and "promote" not in taken:
        taken = [step for step in taken if step == "back-up"]
        why = "it failed and was undone: it goes on from its backup"
    elif is_guest_half_done(events) and "gate" not in taken:
        taken = taken[: STEPS.index("build")]
        why = "the guest was opened and has no verdict: it is thrown away and made again from the backup"
    return Resumption(
        entry=1 + sum(event.step == RUN and event.kind == "entered" for event in events),
        end=end,
        taken=tuple(taken),
        void=tuple(step for step in kept if step not in taken),
        why=why,
    )


def is_guest_half_done(events: Sequence[Event]) -> bool:
    """Whether commands ran in the present build machine, or its making was declared void."""
    return any(
        (event.step in IN_GUEST and event.kind == "started")
        or (event.step == RUN and event.kind == "void" and "build" in event.data.get("steps", ()))
        for event in _since(events, lambda event: event.step == RUN and event.kind == "discarded")
    )


def is_product_stale(events: Sequence[Event]) -> bool:
    """Whether what an earlier capture of the run made is of another machine, or was refused, and must go."""
    since = _since(events, lambda event: event.step == "capture" and event.kind == "started")
    return len(since) < len(events) and any(
        event.step == RUN and event.kind in ("discarded", "void") for event in since
    )


def end_of(events: Sequence[Event]) -> End | None:
    """How the run's last entry ended; `None` while it has not."""
    last = _since(events, lambda event: event.step == RUN and event.kind == "entered")
    ends = [event.kind for event in last if event.step == RUN and event.kind in get_args(End)]
    return ends[-1] if ends else None  # type: ignore[return-value]  # asked above


def state_of(events: Sequence[Event], *, owned: bool) -> State:
    """What `golden runs` says of a run; `owned` while a live process holds it."""
    end = end_of(events)
    if end == "done":
        return "done"
    if owned:
        return "running"
    refused = not any(event.step == RUN for event in events) and any(
        event.kind == "failed" for event in events
    )
    return "failed" if refused or end in ("undone", "kept") else "interrupted"


def _since(events: Sequence[Event], is_mark: Callable[[Event], bool]) -> Sequence[Event]:
    """The events after the last one that is the mark; all of them where there is none."""
    for index in range(len(events) - 1, -1, -1):
        if is_mark(events[index]):
            return events[index + 1 :]
    return events
