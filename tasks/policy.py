"""What all tasks have in common: a name, a last bound, and results that a retried run finds again.

Results are kept under run + task + business key. Prefect's own INPUTS + RUN_ID policy collides between
tasks that get the same input, and DEFAULT includes the source text, so that editing a comment would run a
destructive step again on retry. Task retries are off: steps are idempotent by name and tag, and what can be
tried again is tried inside them, with the deadline of the recipe.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.context import TaskRunContext

P = ParamSpec("P")
R = TypeVar("R")

LAST_BOUND = timedelta(hours=26)
"""Above every deadline that a recipe can set: the net under the deadlines, not one of them."""


def step(name: str) -> Callable[[Callable[P, Awaitable[R]]], "Task[P, Any]"]:
    """Make a task of a short coroutine."""
    return task(
        name=name,
        task_run_name=name,
        timeout_seconds=LAST_BOUND.total_seconds(),
        cache_key_fn=result_key,
        persist_result=True,
        result_serializer="json",
    )


def result_key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """Run + task + business key, where the task has one."""
    plan = parameters.get("plan")
    run = plan.run_id if plan is not None else str(context.task_run.flow_run_id)
    return "-".join(str(part) for part in (run, context.task.name, parameters.get("key")) if part)
