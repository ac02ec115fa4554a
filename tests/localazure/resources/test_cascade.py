"""The cascade of a group's deletion, with deleters that refuse, break or take their time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from localazure.arm.clock import Clock
from localazure.arm.deleters import deleter
from localazure.arm.errors import conflict
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation
from localazure.arm.store import Document, Store
from localazure.arm.timing import TimeProfile
from localazure.arm.world import Config, World
from localazure.guests.base import Host
from localazure.hosts import NoMachines
from localazure.resources.groups import group_document

GROUP = ResourceId.of_group("s", "g")
went: list[str] = []


@deleter("Test.Cascade/needed")
async def needed(world: World, doc: Document) -> None:
    if world.store.list("Test.Cascade/needing"):
        raise conflict("InUse", "still needed")
    went.append(doc["name"])


@deleter("Test.Cascade/needing")
async def needing(world: World, doc: Document) -> None:
    went.append(doc["name"])


@deleter("Test.Cascade/broken")
async def broken(world: World, doc: Document) -> None:
    raise RuntimeError("the machine does not answer")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    went.clear()
    config = Config(tmp_path, "https://127.0.0.1:1", "t", "s", "c", "p")
    made = World(config, Store(":memory:"), TimeProfile(0), Clock(), cast(Host, NoMachines()))
    made.store.put(group_document(GROUP, "westeurope", {}))
    yield made
    made.store.close()


def put(world: World, kind: str, name: str) -> None:
    rid = GROUP.resource("Test.Cascade", kind, name)
    world.store.put(
        {"id": rid.text, "name": name, "type": rid.type, "location": "westeurope", "properties": {}}
    )


async def delete(world: World) -> Operation:
    op = world.operations.start("group.delete", subject=GROUP, location="westeurope")
    await world.operations.idle()
    return op


async def test_what_is_needed_goes_after_what_needs_it(world: World) -> None:
    put(world, "needed", "a")
    put(world, "needing", "b")
    assert (await delete(world)).status == "Succeeded"
    assert went == ["b", "a"]
    assert world.store.beneath("/subscriptions/s") == []


async def test_a_deleter_that_breaks_keeps_the_group_and_lets_the_rest_go(world: World) -> None:
    put(world, "broken", "a")
    put(world, "needing", "b")
    op = await delete(world)
    assert (op.status, op.error_status) == ("Failed", 409)
    assert op.error is not None
    assert [one["code"] for one in op.error["details"]] == ["InternalOperationError"]
    assert "does not answer" not in str(op.error)
    group = world.store.get(GROUP)
    assert group is not None
    assert group["properties"]["provisioningState"] == "Succeeded"
    assert [one["name"] for one in world.store.children(GROUP)] == ["a"]
