"""Look before anything is made, and name everything that will be."""

from datetime import UTC, datetime

from prefect.context import FlowRunContext

from factory.plan import Plan, new_run_id
from factory.preflight import plan_checked_run
from factory.recipe import Recipe
from tasks.policy import step


@step("preflight")
async def plan_run(recipe: Recipe, run_id: str | None) -> Plan:
    """Check the recipe against the cloud and plan the run, or take up the plan of one that was begun."""
    return await plan_checked_run(recipe, run_id or this_flow_runs_id())


def this_flow_runs_id() -> str | None:
    """A run ID that is the same each time Prefect enters this flow run: by it the run finds its record."""
    context = FlowRunContext.get()
    flow_run = context.flow_run if context else None
    if flow_run is None:
        return None
    begun = flow_run.created or datetime.now(UTC)
    return new_run_id(begun.astimezone(UTC), flow_run.id.hex[-4:])
