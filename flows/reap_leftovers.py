"""Delete what died runs left: tagged as ours, expired, and nothing else."""

from prefect import flow

from tasks.reap import delete_leftovers, find_expired


@flow(
    name="reap-leftovers",
    flow_run_name="leftovers of {factory}",
    persist_result=True,
    result_serializer="json",
)
async def reap_leftovers(factory: str = "golden", dry_run: bool = False) -> dict[str, str]:
    """Find, then delete; a dry run does all but that. Returns what became of each.

    Args:
        factory: Whose leftovers: the `factory` of the recipes that made them.
        dry_run: Only say what would be deleted.
    """
    leftovers = await find_expired(factory)
    return await delete_leftovers(factory, leftovers, dry_run)
