"""The reaper against a local Azure without machines: what is late and ours goes, and nothing else does."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.mgmt.resource.resources import models

from factory.azure import groups, network
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.plan import TAG_FACTORY, Plan, plan_rebuild
from factory.reap import Outcome, find_leftovers, reap
from golden import local_azure
from tests.cloud import environment
from tests.factory.recipes import recipe

NOW = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A local Azure that has no machines: groups and networks are all that is needed here."""
    local = local_azure.start(tmp_path_factory.mktemp("wire"), guest="none")
    try:
        with environment(local.environment()):
            yield
    finally:
        local_azure.stop(local)


def late_plan(run_id: str) -> Plan:
    return plan_rebuild(recipe(expires_hours=1), run_id=run_id, now=NOW - timedelta(days=1))


async def make_leftovers(azure: Azure, plan: Plan) -> None:
    tags = plan.tags("scaffolding")
    await groups.create_group(azure, plan.scaffold_group, "westeurope", tags)
    await network.create_security_group(
        azure, plan.scaffold_group, plan.security_group, "westeurope", [], tags=tags
    )


def azure() -> Azure:
    return Azure(Connection.from_environment(os.environ))


def test_a_dead_runs_group_goes_and_an_untagged_one_of_the_same_name_style_stays(wire: None) -> None:
    plan = late_plan("26010101010101aa")

    async def go() -> tuple[dict[str, Outcome], list[str | None]]:
        async with azure() as client:
            await make_leftovers(client, plan)
            await groups.create_group(client, "golden-app-debian-mine-tmp", "westeurope", {})
            await groups.create_group(
                client, "theirs", "westeurope", {**plan.tags("scaffolding"), "golden-factory": "x"}
            )
            found = await find_leftovers(client, factory="golden", now=NOW)
            result = await reap(client, found)
            left = [
                group.name if (group := await groups.get_group(client, name)) else None
                for name in (plan.scaffold_group, "golden-app-debian-mine-tmp", "theirs")
            ]
            return result, left

    result, left = asyncio.run(go())
    assert list(result.values()) == [Outcome("deleted")]
    assert left == [None, "golden-app-debian-mine-tmp", "theirs"]


def test_a_group_with_somebody_elses_resource_in_it_is_not_deleted(wire: None) -> None:
    plan = late_plan("26010101010101bb")

    async def go() -> tuple[dict[str, Outcome], int]:
        async with azure() as client:
            await make_leftovers(client, plan)
            await network.create_security_group(
                client, plan.scaffold_group, "mine", "westeurope", [], tags={}
            )
            result = await reap(client, await find_leftovers(client, factory="golden", now=NOW))
            return result, len(await groups.list_resources(client, plan.scaffold_group))

    result, left = asyncio.run(go())
    (outcome,) = result.values()
    assert outcome.state == "kept"
    assert "holds what no run made" in outcome.text
    assert left == 2


def test_a_dry_run_says_of_each_what_a_real_run_then_does(wire: None) -> None:
    free, locked = late_plan("26010101010101cc"), late_plan("26010101010101dd")

    async def go() -> tuple[dict[str, Outcome], dict[str, Outcome], list[str]]:
        async with azure() as client:
            for plan in (free, locked):
                await make_leftovers(client, plan)
            await lock(client, locked.scaffold_group)
            found = [
                item
                for item in await find_leftovers(client, factory="golden", now=NOW)
                if item.run in (free.run_id, locked.run_id)
            ]
            told, done = await reap(client, found, dry_run=True), await reap(client, found)
            left = await groups.list_groups_by_tag(client, TAG_FACTORY, "golden")
            return told, done, [group.name for group in left]

    told, done, left = asyncio.run(go())
    assert [outcome.state for outcome in told.values()] == ["would be deleted", "kept"]
    assert [outcome.state for outcome in done.values()] == ["deleted", "kept"]
    assert all("locked by" in list(outcomes.values())[1].text for outcomes in (told, done))
    assert free.scaffold_group not in left
    assert locked.scaffold_group in left


def test_a_run_that_is_gone_on_with_after_the_listing_loses_nothing(wire: None) -> None:
    plan = late_plan("26010101010101ee")

    async def go() -> tuple[dict[str, Outcome], object]:
        async with azure() as client:
            await make_leftovers(client, plan)
            found = await find_leftovers(client, factory="golden", now=NOW)
            mine = [item for item in found if item.run == plan.run_id]
            resumed = plan.model_copy(update={"expires": NOW + timedelta(hours=1)})
            await groups.create_group(client, plan.scaffold_group, "westeurope", resumed.tags("scaffolding"))
            return await reap(client, mine), await groups.get_group(client, plan.scaffold_group)

    result, group = asyncio.run(go())
    assert [outcome.state for outcome in result.values()] == ["kept"]
    assert group is not None


async def lock(client: Azure, group: str) -> None:
    """Put a lock on what is in the group, as its users do."""
    (inside,) = await groups.list_resources(client, group)
    operation = await client.begin(
        "lock",
        client.resources.resources.begin_create_or_update_by_id,
        f"{inside.id}/providers/Microsoft.Authorization/locks/keep",
        models.GenericResource({"properties": {"level": "CanNotDelete"}}),
        api_version=client.connection.api_versions.locks,
    )
    await client.wait(operation, deadline=timedelta(minutes=1))
