"""Who carries a run out: one process at a time, and for as long as it lives the run does not expire.

The lock lies where the record lies: who can read the record can see it, and the system frees it when its
holder dies, however it dies. The sign of life that others see is in the cloud: the expiry tag on the run's
temporary group, moved on while the run goes. The reaper takes nothing of a run whose group has not expired.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from factory.azure import groups
from factory.errors import FactoryError
from factory.memory import void
from factory.plan import TAG_EXPIRES, TAG_RUN, later_expiry
from factory.resume import RUN, Resumption, plan_resume
from factory.run import Run, Skip

SIGNS_OF_LIFE = 4
"""How often the expiry is moved on within the time after which a dead run may be reaped."""


@asynccontextmanager
async def owned(run: Run, *, skip: Sequence[Skip] = (), keep_on_failure: bool = False) -> AsyncIterator[None]:
    """Own the run for as long as the context lasts; RunInUse where another process does.

    Enters it in the record, voids what cannot be taken over, and keeps it from expiring.
    """
    with run.record.claim():
        resumption = plan_resume(run.record.events(), run.record.documents())
        run.record.write(
            RUN,
            "entered",
            tell(resumption),
            entry=resumption.entry,
            by=f"process {os.getpid()} on {socket.gethostname()}",
            taken=list(resumption.taken),
            skip=list(skip),
            keep_on_failure=keep_on_failure,
        )
        if resumption.void:
            void(run, resumption.void, resumption.why)
        if resumption.entry > 1:
            await extend_expiry(run)
        life = asyncio.create_task(_stay_alive(run))
        try:
            yield
            run.record.write(RUN, "done")
        finally:
            life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await life


def tell(resumption: Resumption) -> str:
    """What an entry goes on from, in a sentence."""
    if resumption.entry == 1:
        return "begun"
    taken = f"taken over: {', '.join(resumption.taken)}" if resumption.taken else "nothing is taken over"
    why = f"; {resumption.why}" if resumption.why else ""
    return f"entry {resumption.entry}: {taken}; goes on with {resumption.next or 'clean-up'}{why}"


async def extend_expiry(run: Run) -> None:
    """Move on the expiry of the run's temporary group, if it is there and is the run's."""
    plan, expires = run.plan, later_expiry(run.plan, run.clock.now())
    async with run.azure() as azure:
        group = await groups.get_group(azure, plan.scaffold_group)
        if group is None or group.tags.get(TAG_RUN) != plan.run_id:
            return
        if group.provisioning_state == "Deleting":
            return
        stamp = expires.isoformat(timespec="seconds")
        await groups.set_tags(azure, plan.scaffold_group, {**group.tags, TAG_EXPIRES: stamp})
    run.record.write(RUN, "fact", f"may be reaped after {stamp}", expires=stamp)


async def _stay_alive(run: Run) -> None:
    """Move the expiry on until cancelled; a try that fails is told, and the next one comes."""
    while True:
        await run.clock.sleep(run.plan.recipe.expires_hours * 3600 / SIGNS_OF_LIFE)
        try:
            await extend_expiry(run)
        except FactoryError as error:
            run.record.write(RUN, "warning", f"the expiry could not be moved on: {error.message}")
