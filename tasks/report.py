"""Write down what was proven."""

from prefect.artifacts import acreate_markdown_artifact

from factory.plan import Plan
from factory.report import Summary, summarize
from factory.run import Run
from tasks.policy import step


@step("report")
async def write_report(plan: Plan) -> Summary:
    """The report as a file in the run record, and as an artifact: a key a recipe, for a history."""
    summary, markdown = summarize(Run.of(plan))
    await acreate_markdown_artifact(
        markdown,
        key=f"report-{plan.recipe.name}",
        description=f"Run {plan.run_id}: what was made, and what was proven",
    )
    return summary
