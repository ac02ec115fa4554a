"""What a run remembers of its steps: each is done once, also where the run is entered several times.

There is one memory, the run record, and one witness, the cloud. A step's result is a document in the record,
written when the step has ended. When the run is entered again it is given back, after the cloud has shown
that the thing is still there; where it is not, this step's and all later results are void and the step is
done again. Prefect's own cache cannot serve here: it does not know that a clone was thrown away.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from pydantic import TypeAdapter

from factory.resume import RUN, STEPS, StepName, document_of
from factory.run import Run

P = ParamSpec("P")
R = TypeVar("R")
Step = Callable[Concatenate[Run, P], Coroutine[Any, Any, R]]
Confirm = Callable[[Run, Any], Awaitable[str | None]]  # Any: the result of the step that it belongs to
"""Looks for what a result names; says in words what it saw, or `None` where it is not there as it must be."""

_KEEPS: dict[StepName, tuple[str, ...]] = {}


def once(
    name: StepName,
    *,
    confirm: Confirm | None = None,
    until: StepName | None = None,
    keeps: tuple[str, ...] = (),
) -> Callable[[Step[P, R]], Step[P, R]]:
    """Make a step of a run be done once.

    `confirm` looks whether the result still stands, as long as the step `until` is not done and needs it;
    `keeps` are further documents that the step writes, and that go when its result is void.
    """
    _KEEPS[name] = keeps

    def decorate(do: Step[P, R]) -> Step[P, R]:
        async def step(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> R:
            adapter = _result_of(do)
            if run.record.has(document_of(name)):
                result: R = adapter.validate_python(run.record.load(document_of(name))["result"])
                if await _still_stands(run, name, result, confirm, until):
                    return result
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
        for document in _KEEPS.get(step, ()):
            run.record.remove(document)


async def _still_stands(
    run: Run, name: StepName, result: R, confirm: Confirm | None, until: StepName | None
) -> bool:
    if confirm is None:
        seen: str | None = "as the record has it"
    elif until is not None and run.record.has(document_of(until)):
        seen = "not needed any more"
    else:
        seen = await confirm(run, result)
    if seen is None:
        later = STEPS[STEPS.index(name) :]
        void(run, later, f"what {name} made is not there any more")
        return False
    run.record.write(name, "taken-over", seen)
    return True


def _result_of(do: Callable[..., Any]) -> TypeAdapter[Any]:
    return TypeAdapter(inspect.get_annotations(do, eval_str=True)["return"])
