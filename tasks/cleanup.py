"""Remove scaffolding always, the product of a failed run too."""

from factory.cleanup import tidy_up, undo
from factory.plan import Plan
from factory.run import Run
from tasks.policy import step


@step("clean-up")
async def clean_up(plan: Plan) -> None:
    """Delete the run's temporary group, and wait until it is gone. What stays is told and later reaped."""
    await tidy_up(Run.of(plan))


async def undo_failed_run(plan: Plan, error: BaseException, keep: bool) -> None:
    """Undo a failed or cancelled run. Not a task: it must run while Prefect is cancelling tasks."""
    await undo(Run.of(plan), error, keep=keep)
