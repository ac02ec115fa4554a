"""Find and delete leftovers. Never cached: what is expired changes with time."""

import os
from datetime import timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.clock import SystemClock
from factory.reap import find_leftovers, reap

BOUND = timedelta(hours=4).total_seconds()


@task(name="find-expired", timeout_seconds=BOUND, cache_policy=NO_CACHE)
async def find_expired(factory: str) -> list[str]:
    """The IDs of everything that may be deleted now."""
    async with Azure(Connection.from_environment(os.environ)) as azure:
        return [item.id for item in await find_leftovers(azure, factory=factory, now=SystemClock().now())]


@task(name="delete-leftovers", timeout_seconds=BOUND, cache_policy=NO_CACHE)
async def delete_leftovers(factory: str, chosen: list[str], dry_run: bool) -> dict[str, str]:
    """Delete those of the list that may still be deleted; id -> what became of it, or would."""
    async with Azure(Connection.from_environment(os.environ)) as azure:
        now = SystemClock().now()
        leftovers = [
            item for item in await find_leftovers(azure, factory=factory, now=now) if item.id in chosen
        ]
        return {item: str(end) for item, end in (await reap(azure, leftovers, dry_run=dry_run)).items()}
