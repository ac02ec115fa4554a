"""First answers and statuses of operations, held against the shapes of recorded traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.responses import Response

from localazure.arm import wire
from localazure.arm.calls import Call
from localazure.arm.clock import Clock
from localazure.arm.errors import ArmError
from localazure.arm.operation_routes import operation_result, operation_status
from localazure.arm.operations import SUCCEEDED, Operation
from localazure.arm.store import Store
from localazure.arm.timing import TimeProfile
from localazure.arm.world import Config, World
from localazure.guests.base import Host
from localazure.hosts import NoMachines

BASE = "https://localhost:1"
DISK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d"


@pytest.fixture
def world(tmp_path: Path) -> World:
    config = Config(tmp_path, BASE, "t", "s", "c", "part")
    return World(config, Store(":memory:"), TimeProfile(0), Clock(), cast(Host, NoMachines()))


def operation(flavour: str, provider: str = "Microsoft.Compute", **more: Any) -> Operation:
    return Operation(
        id="op",
        kind="k",
        subject=DISK.lower(),
        target=DISK,
        subscription="s",
        location="eastus",
        args={},
        started="2026-01-01T00:00:00.0000000+00:00",
        provider=provider,
        flavour=flavour,
        partition="part",
        api_version="2026-03-02",
        base=BASE,
        **more,
    )


def parts(url: str) -> tuple[str, list[tuple[str, str]]]:
    split = urlsplit(url)
    return split.path, parse_qsl(split.query)


def test_a_disk_has_both_urls_with_the_partition_and_no_notification(world: World) -> None:
    answer = wire.accepted(operation("DiskOperations"), world, body={"id": DISK})
    path = "/subscriptions/s/providers/Microsoft.Compute/locations/eastus/DiskOperations/op"
    version = ("api-version", "2026-03-02")
    assert parts(answer.headers["azure-asyncoperation"]) == (path, [("p", "part"), version])
    assert parts(answer.headers["location"]) == (path, [("p", "part"), ("monitor", "true"), version])
    assert "azure-asyncnotification" not in answer.headers
    assert answer.status_code == 202


def test_an_image_or_machine_has_one_url_and_the_notification(world: World) -> None:
    answer = wire.created({"id": DISK}, operation("operations"), world)
    assert "location" not in answer.headers
    assert answer.headers["azure-asyncnotification"] == "Enabled"
    assert answer.status_code == 201
    assert wire.updated({"id": DISK}, operation("operations"), world).status_code == 200


def test_a_gallery_has_no_partition(world: World) -> None:
    answer = wire.accepted(operation("capsOperations"), world)
    assert parts(answer.headers["azure-asyncoperation"])[1] == [("api-version", "2026-03-02")]
    assert parts(answer.headers["location"])[1] == [("monitor", "true"), ("api-version", "2026-03-02")]
    assert "azure-asyncnotification" not in answer.headers
    assert answer.body == b""


def test_private_keys_never_leave_and_empty_tags_are_not_shown() -> None:
    doc = {"id": "x", "tags": {}, "_content": "secret", "properties": {"_a": 1, "list": [{"_b": 2, "c": 3}]}}
    assert wire.shown(doc) == {"id": "x", "properties": {"list": [{"c": 3}]}}
    assert wire.shown({"tags": {}}) == {"tags": {}}


def call(world: World, **query: str) -> Call:
    path = {"sub": "S", "operation": "OP", "provider": "Microsoft.Compute", "location": "eastus"}
    return Call(world, "GET", "/here", "/here", path, {"api-version": "v", **query}, {}, b"", BASE)


def keep(world: World, op: Operation) -> Operation:
    world.operations.save(op)
    return op


async def test_the_monitor_gives_202_then_the_bare_output(world: World) -> None:
    op = keep(world, operation("DiskOperations"))
    waiting = await operation_status(call(world, monitor="true"))
    assert waiting.status_code == 202
    assert waiting.headers["location"] == f"{BASE}/here?api-version=v&monitor=true"
    op.status, op.output = SUCCEEDED, {"accessSAS": "https://x"}
    done = await operation_status(call(world, monitor="true"))
    assert (done.status_code, done.body) == (200, b'{"accessSAS": "https://x"}')
    status = await operation_status(call(world))
    assert b'"properties": {"output": {"accessSAS": "https://x"}}' in bytes(status.body)


async def test_the_monitor_of_a_failure_is_the_failure(world: World) -> None:
    op = operation("operations")
    op.fail(ArmError(409, "AllocationFailed", "Allocation failed."))
    keep(world, op)
    failed: Response = await operation_result(call(world))
    assert (failed.status_code, b"AllocationFailed" in bytes(failed.body)) == (409, True)
    assert wire.status_body(op)["error"]["code"] == "AllocationFailed"


async def test_an_operation_without_output_ends_in_an_empty_200(world: World) -> None:
    keep(world, operation("operations", status=SUCCEEDED))
    done = await operation_result(call(world))
    assert (done.status_code, done.body) == (200, b"")


@pytest.mark.parametrize("query", [{"$top": "0"}, {"$top": "x"}, {"$skiptoken": "%%%"}])
def test_paging_that_makes_no_sense_is_400(world: World, query: dict[str, str]) -> None:
    with pytest.raises(ArmError) as refused:
        wire.page(call(world, **query), [1, 2, 3])
    assert refused.value.status == 400


def test_details_and_target_of_an_error_are_in_its_body() -> None:
    details = [{"code": "X", "message": "y"}]
    error = ArmError(409, "C", "m", target="t", details=details, extra={"additionalInfo": []})
    assert error.body() == {
        "error": {"code": "C", "message": "m", "target": "t", "details": details, "additionalInfo": []}
    }
    assert wire.failure(ArmError(429, "T", "m", headers={"Retry-After": "7"})).headers["retry-after"] == "7"
