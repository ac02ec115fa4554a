"""Operations end as their jobs do, and begin again when the server died under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from localazure.arm.clock import Clock
from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.operations import Operation, Output, job
from localazure.arm.store import Store
from localazure.arm.timing import PROFILE, TimeProfile
from localazure.arm.wire import status_body
from localazure.arm.world import Config, World
from localazure.guests.base import Host
from localazure.hosts import NoMachines

DISK = ResourceId.parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/D")
runs: list[str] = []
gates: list[asyncio.Event] = []


@job("test.ok")
async def fine(world: World, op: Operation) -> Output:
    return {"made": op.args["what"]}


@job("test.refused")
async def refused(world: World, op: Operation) -> Output:
    raise ArmError(409, "AllocationFailed", "Allocation failed.", target="vm")


@job("test.broken")
async def broken(world: World, op: Operation) -> Output:
    raise RuntimeError("a bug")


@job("test.slow")
async def slow(world: World, op: Operation) -> Output:
    runs.append(op.id)
    await gates[-1].wait()
    return None


def world_on(state: Path) -> World:
    config = Config(state, "https://127.0.0.1:1", "t", "s", "c", "p")
    return World(config, Store(state / "db"), TimeProfile(0), Clock(), cast(Host, NoMachines()))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    gates.append(asyncio.Event())
    runs.clear()
    made = world_on(tmp_path)
    yield made
    await made.end()


def start(world: World, kind: str) -> Operation:
    return world.operations.start(kind, subject=DISK, location="westeurope", args={"what": "it"})


async def test_output_and_times_are_in_the_status(world: World) -> None:
    op = start(world, "test.ok")
    assert status_body(op)["status"] == "InProgress"
    assert "endTime" not in status_body(op)
    await world.operations.idle()
    body = status_body(op)
    assert body["status"] == "Succeeded"
    assert body["properties"] == {"output": {"made": "it"}}
    assert body["name"] == op.id
    assert body["startTime"] <= body["endTime"]


async def test_a_refusal_of_the_job_is_the_error_of_the_operation(world: World) -> None:
    op = start(world, "test.refused")
    await world.operations.idle()
    assert status_body(op)["error"] == {
        "code": "AllocationFailed",
        "message": "Allocation failed.",
        "target": "vm",
    }
    assert (op.status, op.error_status) == ("Failed", 409)


async def test_a_bug_in_a_job_fails_the_operation_and_not_the_server(world: World) -> None:
    op = start(world, "test.broken")
    await world.operations.idle()
    assert op.status == "Failed"
    assert op.error is not None
    assert op.error["code"] == "InternalOperationError"
    assert "a bug" not in str(op.error)


async def test_a_resource_is_busy_while_its_operation_runs(world: World) -> None:
    op = start(world, "test.slow")
    assert world.operations.busy(DISK.text.upper()) is op
    assert world.operations.busy(DISK.text + "2") is None
    gates[-1].set()
    await world.operations.wait(op)
    assert world.operations.busy(DISK) is None


async def test_an_operation_of_a_server_that_died_is_run_again_under_its_old_id(
    world: World, tmp_path: Path
) -> None:
    op = start(world, "test.slow")
    await asyncio.sleep(0)
    await world.operations.stop()

    after = world_on(tmp_path)
    gates[-1].set()
    await after.begin()
    await after.operations.idle()

    again = after.operations.get(op.id)
    assert again is not None
    assert again.status == "Succeeded"
    assert runs == [op.id, op.id]
    await after.end()


async def test_an_operation_that_ended_is_not_run_again(world: World, tmp_path: Path) -> None:
    gates[-1].set()
    op = start(world, "test.slow")
    await world.operations.idle()
    after = world_on(tmp_path)
    await after.begin()
    await after.operations.idle()
    assert runs == [op.id]
    await after.end()


async def test_an_unknown_kind_is_refused_before_anything_is_persisted(world: World) -> None:
    with pytest.raises(KeyError):
        start(world, "test.nobody")
    assert world.store.load_operations() == []


def test_polling_says_either_whole_seconds_or_milliseconds() -> None:
    assert TimeProfile(0).poll_headers() == {"x-ms-retry-after-ms": "50"}
    assert TimeProfile(0.05).poll_headers() == {"x-ms-retry-after-ms": "500"}
    assert TimeProfile(1).poll_headers() == {"Retry-After": "10"}
    assert TimeProfile(1).poll_headers("network.nic") == {"Retry-After": "2"}


def test_whoever_waits_for_a_machine_is_to_ask_less_often() -> None:
    def milliseconds(age: float) -> int:
        return int(TimeProfile(0).poll_headers(age=age)["x-ms-retry-after-ms"])

    assert milliseconds(0.1) == 50
    assert 50 < milliseconds(2) < milliseconds(6) < 1000
    assert milliseconds(600) < 1000
    assert TimeProfile(1).poll_headers(age=600) == {"Retry-After": "10"}


def test_every_figure_of_the_time_profile_says_where_it_is_from() -> None:
    assert all(source.startswith(("assumed", "recorded", "documented")) for _, source in PROFILE.values())
