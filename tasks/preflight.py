"""Look before anything is made, and name everything that will be."""

from factory.plan import Plan
from factory.preflight import plan_checked_run
from factory.recipe import Recipe
from tasks.policy import step


@step("preflight")
async def plan_run(recipe: Recipe, run_id: str | None) -> Plan:
    """Check the recipe against the cloud and plan the run."""
    return await plan_checked_run(recipe, run_id)
