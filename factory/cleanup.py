"""Undo: scaffolding always, the product of a failed run too; everything is tried, and all errors are told.

A version that verification refused is kept: excluded from latest, in its home region alone and with an
expiry, so that somebody can look at it until the reaper takes it.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from factory.azure import groups
from factory.azure.client import Azure
from factory.azure.groups import Resource
from factory.errors import FactoryError, ForeignResources, VerificationFailed
from factory.in_place import give_back_after
from factory.plan import TAG_RUN
from factory.products import remove_image, remove_version
from factory.resume import RUN
from factory.run import Run

GRACE_SECONDS = 20.0
"""Below the 30 seconds after which a cancelled run is killed."""


async def remove_scaffolding(run: Run) -> None:
    """Delete the run's temporary group and wait until it is gone; its keys are destroyed in any case."""
    plan = run.plan
    with run.record.step("clean-up", plan.scaffold_group):
        try:
            async with run.azure() as azure:
                deadline = plan.recipe.deadline("cleanup")
                await delete_group_of_run(azure, plan.scaffold_group, plan.run_id, deadline=deadline)
        finally:
            run.destroy_keys()


async def tidy_up(run: Run) -> None:
    """Remove the scaffolding of a run that succeeded.

    A deletion that fails makes no bad image of a verified one: it is a warning in the record and the report,
    and the group has its expiry.
    """
    try:
        await remove_scaffolding(run)
    except FactoryError as error:
        run.record.write("clean-up", "warning", str(error))


async def delete_group_of_run(azure: Azure, group: str, run_id: str, *, deadline: timedelta | None) -> None:
    """Delete a group that a run made, unless somebody else's resource is in it (ForeignResources).

    A group goes with all that is in it, and what carries none of our tags is never deleted. With `deadline`
    None the deletion is ordered and not waited for.
    """
    strangers = find_strangers(await groups.list_resources(azure, group), run_id)
    if strangers:
        raise ForeignResources(group, strangers)
    await groups.delete_group(azure, group, deadline=deadline)


def find_strangers(resources: Iterable[Resource], run_id: str) -> list[str]:
    """The IDs of resources that neither carry the run's tag nor its ID in their name.

    Azure does not tag the disks that it makes with a VM, but names them for it; children have their parent's
    name in their ID.
    """
    return [
        resource.id
        for resource in resources
        if resource.tags.get(TAG_RUN) != run_id and run_id not in resource.id.split("/providers/", 1)[-1]
    ]


async def undo(run: Run, error: BaseException, *, keep: bool = False) -> None:
    """Undo a run that failed with this error; what could not be undone is noted beside it.

    With `keep` a run that failed by itself is left as it is, with its expiry, to be looked at.
    """
    with run.record.leniently():
        await _undo(run, error, keep=keep)


async def _undo(run: Run, error: BaseException, *, keep: bool) -> None:
    await give_back_after(run, error)
    if keep and isinstance(error, Exception):
        leave(run, error)
        return
    run.record.write(RUN, "undoing", type(error).__name__)
    keep_product = isinstance(error, VerificationFailed)
    if not isinstance(error, Exception):
        undo_at_once(run, error)
        run.record.write(RUN, "undone", "its deletion was ordered")
        return
    steps: list[Callable[[Run], Awaitable[None]]] = [] if keep_product else [remove_version, remove_image]
    for step in [*steps, remove_scaffolding]:
        try:
            await step(run)
        except Exception as trouble:
            _note(run, error, trouble)
    run.record.write(RUN, "undone", "what it made is gone, but for its backup")


def leave(run: Run, error: BaseException) -> None:
    """Leave a failed run's machines as they are, and say how to reach them and until when."""
    plan = run.plan
    group, until = plan.scaffold_group, f"{plan.expires:%Y-%m-%d %H:%M} UTC"
    text = (
        f"kept until {until}: resource group {group}, with {plan.build_machine} (user "
        f"{plan.temporary_admin}) and {plan.test_machine} (user {plan.test_admin}), keys in {run.keys}; "
        f"`golden resume {plan.run_id}` goes on, `az group delete --name {group}` ends it"
    )
    error.add_note(text)
    run.record.write(RUN, "kept", text)


def undo_at_once(run: Run, error: BaseException) -> None:
    """Issue the deletions and return: a cancelled run has seconds, and its event loop takes no more work.

    What is left then (an unverified version, the group if Azure did not answer) expires and is reaped.
    """

    def issue() -> None:
        try:
            asyncio.run(_issue(run))
        except Exception as trouble:
            _note(run, error, trouble)

    thread = threading.Thread(target=issue, name=f"undo-{run.plan.run_id}", daemon=True)
    thread.start()
    thread.join(GRACE_SECONDS)
    if thread.is_alive():
        _note(run, error, TimeoutError(f"no answer within {GRACE_SECONDS:.0f} s; the reaper will finish"))
    run.destroy_keys()


async def _issue(run: Run) -> None:
    async with run.azure() as azure:
        await delete_group_of_run(azure, run.plan.scaffold_group, run.plan.run_id, deadline=None)
    run.record.write("clean-up", "fact", "deletion issued", group=run.plan.scaffold_group)


def _note(run: Run, error: BaseException, trouble: BaseException) -> None:
    text = f"while undoing: {trouble}"
    error.add_note(text)
    run.record.write(
        "clean-up", "warning", text, remedy=trouble.remedy if isinstance(trouble, FactoryError) else None
    )
