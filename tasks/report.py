"""Write down what was proven, or why nothing was."""

import logging

from prefect.artifacts import acreate_markdown_artifact

from factory.plan import Plan
from factory.report import Summary, summarize, summarize_failure
from factory.run import Run
from tasks.policy import step

_LOG = logging.getLogger("factory.report")


@step("report")
async def write_report(plan: Plan) -> Summary:
    """The report as a file in the run record, and as an artifact: a key a recipe, for a history."""
    summary, markdown = summarize(Run.of(plan))
    await _show(plan, markdown, "what was made, and what was proven")
    return summary


async def report_failure(plan: Plan, error: BaseException) -> None:
    """The same of a run that failed. No trouble with it hides the error, which is told in any case."""
    try:
        markdown = summarize_failure(Run.of(plan), error)
        if isinstance(error, Exception):  # who is cancelled has seconds
            await _show(plan, markdown, "why it failed")
    except Exception as trouble:
        _LOG.warning("run %s: no report: %s", plan.run_id, trouble)


async def _show(plan: Plan, markdown: str, what: str) -> None:
    await acreate_markdown_artifact(
        markdown, key=f"report-{plan.recipe.name}", description=f"Run {plan.run_id}: {what}"
    )
