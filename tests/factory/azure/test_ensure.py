"""Making what may be there already: taken, waited for, made anew, or refused; and one shape of deleting."""

from datetime import timedelta
from typing import Any

import pytest

from factory.azure import disks, groups
from factory.azure.client import Azure
from factory.errors import Busy, NameTaken, OperationTimedOut, ProvisioningFailed, ScopeLocked
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import COMPUTE, Answer, Wire, fails, succeeded

SOON = timedelta(minutes=5)
DISK = f"{COMPUTE}/disks/d"
SOURCE = f"{COMPUTE}/snapshots/s"
OURS = {"golden-run": "r1"}
ABSENT = fails(404, "ResourceNotFound")


def disk(state: str = "Succeeded", tags: dict[str, str] | None = None) -> Answer:
    body = {"id": DISK, "name": "d", "location": "w", "tags": OURS if tags is None else tags}
    return Answer(200, {**body, "properties": {"provisioningState": state}})


async def make(azure: Azure) -> str:
    return await disks.create_disk_from_copy(
        azure,
        "rg",
        "d",
        "w",
        source_id=f"{COMPUTE}/snapshots/s",
        sku="Standard_LRS",
        tags=OURS,
        deadline=SOON,
    )


def accepts(wire: Wire) -> None:
    wire.on("PUT", "/disks/d", Answer(202, disk("Updating").body, wire.serve_operation(succeeded())))
    wire.on("DELETE", "/disks/d", Answer(202, None, wire.serve_operation(succeeded(), name="op2")))


def sent(wire: Wire) -> list[str]:
    return [seen.method for seen in wire.requests if seen.method != "GET"]


@pytest.mark.parametrize(
    ("looks", "writes"),
    [
        ([ABSENT, disk()], ["PUT"]),
        ([disk()], []),
        ([disk("Creating"), disk("Creating"), disk()], []),
        ([disk("Failed"), disk()], ["DELETE", "PUT"]),
        ([disk("Deleting"), disk("Deleting"), ABSENT, disk()], ["PUT"]),
    ],
)
async def test_what_is_there_is_taken_waited_for_or_replaced(
    azure: Azure, wire: Wire, looks: list[Answer], writes: list[str]
) -> None:
    accepts(wire)
    wire.on("GET", "/disks/d", *looks)
    assert await make(azure) == DISK
    assert sent(wire) == writes
    if "PUT" in writes:
        assert wire.sent("PUT")[0].body["tags"] == OURS, "tagged by the request that makes it"


@pytest.mark.parametrize("state", ["Succeeded", "Creating", "Failed"])
@pytest.mark.parametrize("tags", [{}, {"golden-run": "r2"}])
async def test_what_somebody_else_made_is_neither_taken_nor_deleted(
    azure: Azure, wire: Wire, state: str, tags: dict[str, str]
) -> None:
    accepts(wire)
    wire.on("GET", "/disks/d", disk(state, tags))
    with pytest.raises(NameTaken, match="r2" if tags else "somebody else"):
        await make(azure)
    assert sent(wire) == []


async def test_a_request_that_was_accepted_although_its_answer_was_lost_is_waited_for(
    azure: Azure, wire: Wire
) -> None:
    wire.on("PUT", "/disks/d", fails(409, "OperationNotAllowed", "another operation is in progress"))
    wire.on("GET", "/disks/d", ABSENT, disk("Creating"), disk())
    assert await make(azure) == DISK


async def test_a_refusal_stays_a_refusal_where_nothing_is_there(azure: Azure, wire: Wire) -> None:
    wire.on("PUT", "/disks/d", fails(409, "ScopeLocked", "are locked: '/x'"))
    wire.on("GET", "/disks/d", ABSENT)
    with pytest.raises(ScopeLocked):
        await make(azure)


async def test_what_is_under_way_and_ends_badly_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/disks/d", disk("Creating"), disk("Failed"))
    with pytest.raises(ProvisioningFailed, match="provisioning state is Failed"):
        await make(azure)


async def test_what_is_under_way_for_ever_has_a_deadline(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("GET", "/disks/d", disk("Creating"))
    with pytest.raises(OperationTimedOut, match="Creating"):
        await make(azure)
    assert 300 <= clock.seconds < 400


BUSY: dict[str, Any] = {"status": 409, "code": "AnotherOperationInProgress"}


async def test_a_deletion_that_finds_it_busy_is_asked_again(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    done = Answer(202, None, wire.serve_operation(succeeded()))
    wire.on("DELETE", "/disks/d", fails(**BUSY), fails(**BUSY), done)
    await disks.delete_disk(azure, DISK, deadline=SOON)
    assert sent(wire) == ["DELETE"] * 3
    assert clock.sleeps


async def test_a_deletion_of_what_stays_busy_ends_with_its_deadline(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/disks/d", fails(**BUSY))
    with pytest.raises((Busy, OperationTimedOut)):
        await disks.delete_disk(azure, DISK, deadline=SOON)


async def test_a_groups_expiry_is_moved_on_and_never_back(azure: Azure, wire: Wire) -> None:
    def group(expires: str) -> Answer:
        body = {"id": "/g", "name": "a", "location": "w", "tags": {**OURS, "golden-expires": expires}}
        return Answer(200, {**body, "properties": {"provisioningState": "Succeeded"}})

    wire.on("GET", "/resourceGroups/a", group("2026-03-04T00:00:00+00:00"))
    wire.on("PATCH", "/resourceGroups/a", group("2026-03-05T00:00:00+00:00"))
    for day, patches in (("05", 1), ("03", 1)):
        tags = {**OURS, "golden-expires": f"2026-03-{day}T00:00:00+00:00"}
        await groups.create_group(azure, "a", "w", tags)
        assert len(wire.sent("PATCH")) == patches
    assert wire.sent("PATCH")[0].body["tags"]["golden-expires"].startswith("2026-03-05")
