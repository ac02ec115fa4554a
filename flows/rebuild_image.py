"""Rebuild a golden image: back up, build, generalize on evidence, capture, verify, promote."""

from prefect import flow

from factory.recipe import Recipe
from factory.report import Summary
from factory.run import Skip
from tasks.backup import back_up
from tasks.build import build_machine, open_machine
from tasks.capture import capture
from tasks.cleanup import clean_up, undo_failed_run
from tasks.customize import check_before_generalize, customize
from tasks.generalize import generalize_guest, generalize_machine, pass_gate
from tasks.ownership import own
from tasks.preflight import plan_run
from tasks.promote import promote
from tasks.report import report_failure, write_report
from tasks.restore import give_back_original
from tasks.verify import verify


@flow(
    name="rebuild-image",
    flow_run_name="{recipe.name}",
    persist_result=True,
    result_serializer="json",
    log_prints=False,
)
async def rebuild_image(
    recipe: Recipe,
    run_id: str | None = None,
    skip: list[Skip] | None = None,
    keep_on_failure: bool = False,
) -> Summary:
    """Make a verified image version from a recipe; on any failure nothing of it can be used by anyone.

    Entered again with the same run (a retry, `golden resume`), it goes on where it was interrupted.

    Args:
        recipe: What to make: source, changes, target, proof.
        run_id: Leave empty. Names and tags what the run makes; by default made from the time.
        skip: Leave empty. For rehearsals: a safety net to leave out, to see that the next one holds.
        keep_on_failure: Leave a failed run's machines, until they expire, to be looked at.
    """
    plan = await plan_run(recipe, run_id)
    async with own(plan, skip or [], keep_on_failure):
        try:
            backup = await back_up(plan)
            machine = await build_machine(plan, backup)
            opened = await open_machine(plan, machine)
            await customize(plan, opened)
            source = await check_before_generalize(plan, opened)
            evidence = await generalize_guest(plan, opened, source, skip or [])
            await pass_gate(plan, evidence, skip or [])
            await generalize_machine(plan, machine)
            products = await capture(plan, machine)
            if plan.in_place:
                await give_back_original(plan)
            await verify(plan, products, source)
            await promote(plan, products)
        except BaseException as error:
            await undo_failed_run(plan, error, keep_on_failure)
            await report_failure(plan, error)
            raise
        await clean_up(plan)
        summary: Summary = await write_report(plan)
    return summary
