"""Own a run while its flow goes on."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from factory.ownership import owned
from factory.plan import Plan
from factory.run import Run, Skip


def own(plan: Plan, skip: Sequence[Skip], keep_on_failure: bool) -> AbstractAsyncContextManager[None]:
    """Enter the run, alone. Not a task: it lasts as long as the flow."""
    return owned(Run.of(plan), skip=skip, keep_on_failure=keep_on_failure)
