"""The reaper against a local Azure without machines: what is late and ours goes, and nothing else does."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from factory.azure import groups, network
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.plan import Plan, plan_rebuild
from factory.reap import find_leftovers, reap
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

    async def go() -> tuple[dict[str, str], list[str | None]]:
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
    assert list(result.values()) == ["deleted"]
    assert left == [None, "golden-app-debian-mine-tmp", "theirs"]


def test_a_group_with_somebody_elses_resource_in_it_is_not_deleted(wire: None) -> None:
    plan = late_plan("26010101010101bb")

    async def go() -> tuple[dict[str, str], int]:
        async with azure() as client:
            await make_leftovers(client, plan)
            await network.create_security_group(
                client, plan.scaffold_group, "mine", "westeurope", [], tags={}
            )
            result = await reap(client, await find_leftovers(client, factory="golden", now=NOW))
            return result, len(await groups.list_resources(client, plan.scaffold_group))

    result, left = asyncio.run(go())
    assert "holds what no run made" in next(iter(result.values()))
    assert left == 2
