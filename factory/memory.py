"""What a run remembers of its steps: each is done once, also where the run is entered several times.

There is one memory, the run record, and one witness, the cloud. A step's result is a document in the record,
written when the step has ended. When the run is entered again it is given back, after the cloud has shown
that the thing is still there; where it is not, this step's and all later results are void and the step is
done again. Prefect's own cache cannot serve here: it does not know that a clone was thrown away.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from pydantic import TypeAdapter

from factory.resume import RUN, STEPS, StepName, document_of
from factory.run import Run

P = ParamSpec("P")
R = TypeVar("R")
Step = Callable[Concatenate[Run, P], Coroutine[Any, Any, R]]
Confirm = Callable[[Run, Any], Awaitable[str | None]]  # Any: the result of the step that it belongs to
"""Looks for what a result names; says in words what it saw, or `None` where it is not there as it must be."""


@dataclass(frozen=True)
class _Once:
    """What is known of a step that is done once: the type of its result, and the arguments of `once`."""

    result: TypeAdapter[Any]
    confirm: Confirm | None
    until: StepName | None
    keeps: tuple[str, ...]


_STEPS: dict[StepName, _Once] = {}


def once(
    name: StepName,
    *,
    confirm: Confirm | None = None,
    until: StepName | None = None,
    keeps: tuple[str, ...] = (),
) -> Callable[[Step[P, R]], Step[P, R]]:
    """Make a step of a run be done once.

    `confirm` looks whether the result still stands. It is not asked once the step `until` is done, the last
    that needs it, as long as what was made meanwhile stands: where that is gone, all is needed again.
    `keeps` are further documents that the step writes, and that go when its result is void.
    """

    def decorate(do: Step[P, R]) -> Step[P, R]:
        adapter = _result_of(do)
        _STEPS[name] = _Once(adapter, confirm, until, keeps)

        async def step(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if run.record.has(document_of(name)):
                taken: R = _kept(run, name)
                if await _still_stands(run, name, taken):
                    return taken
            result = await do(run, *args, **kwargs)
            run.record.save(document_of(name), {"result": adapter.dump_python(result, mode="json")})
            return result

        functools.update_wrapper(step, do)
        return step

    return decorate


def void(run: Run, steps: tuple[StepName, ...], why: str) -> None:
    """Forget the results of these steps: told first, so that a kill in between is seen by the next entry."""
    run.record.write(RUN, "void", why, steps=list(steps))
    for step in reversed(steps):
        run.record.remove(document_of(step))
        for document in _STEPS[step].keeps if step in _STEPS else ():
            run.record.remove(document)


async def _still_stands(run: Run, name: StepName, result: object) -> bool:
    seen = await _look(run, name, result)
    if seen is None:
        later = STEPS[STEPS.index(name) :]
        void(run, later, f"what {name} made is not there any more")
        return False
    run.record.write(name, "taken-over", seen)
    return True


async def _look(run: Run, name: StepName, result: object) -> str | None:
    """What shows that a step's result stands, in words; `None` where it does not."""
    step = _STEPS[name]
    if step.confirm is None:
        return "as the record has it"
    if step.until is not None and run.record.has(document_of(step.until)):
        made = [later for later in _confirmed_after(name, step.until) if run.record.has(document_of(later))]
        if not made or await _look(run, made[-1], _kept(run, made[-1])) is not None:
            return "not needed any more"
    return await step.confirm(run, result)


def _confirmed_after(name: StepName, until: StepName) -> list[StepName]:
    """The steps after this one, the last that needs it included, that made something to be looked for."""
    between = STEPS[STEPS.index(name) + 1 : STEPS.index(until) + 1]
    return [step for step in between if step in _STEPS and _STEPS[step].confirm]


def _kept(run: Run, name: StepName) -> Any:  # Any: the result of the step
    return _STEPS[name].result.validate_python(run.record.load(document_of(name))["result"])


def _result_of(do: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(inspect.get_annotations(do, eval_str=True)["return"])
