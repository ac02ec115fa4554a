"""What all tasks have in common: a name and a last bound. And no cache.

A run that is entered again, by Prefect's retry, by `golden resume` or by a new worker, finds in its own
record what is done (`factory.memory`), and asks the cloud whether it still is. Prefect's cache would answer
without asking: it does not know that a half-generalized clone was thrown away. Task retries are off too:
what can be tried again is tried inside the steps, with the deadline of the recipe.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

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
        cache_policy=NO_CACHE,
        persist_result=False,
    )
