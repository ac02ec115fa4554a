"""Disks, snapshots and restore points: made, waited for until whole, judged."""

from datetime import timedelta

import pytest

from factory.azure import disks, restore_points
from factory.azure.client import Azure
from factory.errors import CopyFailed, InUse, NotFound, OperationTimedOut, ProvisioningFailed
from tests.factory.azure import bodies
from tests.factory.azure.bodies import POINT, VM
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import COMPUTE, Answer, Wire, fails, succeeded

SOON = timedelta(minutes=5)
TAGS = {"run": "r-1"}
DISK = f"{COMPUTE}/disks/d"
SNAPSHOT = f"{COMPUTE}/snapshots/s"


@pytest.mark.parametrize(
    ("source", "option"),
    [(SNAPSHOT, "Copy"), (DISK, "Copy"), (f"{POINT}/diskRestorePoints/os", "Restore")],
)
async def test_a_disk_is_made_as_its_source_demands(
    azure: Azure, wire: Wire, source: str, option: str
) -> None:
    made = {"id": DISK, "name": "d", "location": "westeurope"}
    wire.on("PUT", "/disks/d", Answer(202, made, wire.serve_operation(succeeded())))
    wire.on("GET", "/disks/d", fails(404, "ResourceNotFound"), Answer(200, made))
    found = await disks.create_disk_from_copy(
        azure, "rg", "d", "westeurope", source_id=source, sku="Premium_LRS", tags=TAGS, deadline=SOON
    )
    assert found == DISK
    (put,) = wire.sent("PUT")
    assert put.body == {
        "location": "westeurope",
        "tags": TAGS,
        "sku": {"name": "Premium_LRS"},
        "properties": {"creationData": {"createOption": option, "sourceResourceId": source}},
    }


async def test_a_disk_tells_size_state_and_who_holds_it(azure: Azure, wire: Wire) -> None:
    properties = {"diskSizeGB": 30, "diskState": "Reserved", "osType": "Linux", "hyperVGeneration": "V2"}
    body = {"id": DISK, "name": "d", "location": "w", "managedBy": VM, "sku": {"name": "Premium_LRS"}}
    wire.on("GET", "/disks/d", Answer(200, {**body, "properties": properties}))
    disk = await disks.get_disk(azure, DISK)
    assert (disk.size_gb, disk.state, disk.machine_id, disk.sku) == (30, "Reserved", VM, "Premium_LRS")


async def test_a_disk_that_a_machine_holds_is_not_deleted(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/disks/d", fails(409, "OperationNotAllowed", f"Disk d is attached to VM {VM}."))
    with pytest.raises(InUse):
        await disks.delete_disk(azure, DISK, deadline=SOON)


async def test_what_is_gone_already_counts_as_deleted(azure: Azure, wire: Wire) -> None:
    for path in ("/disks/d", "/snapshots/s", "/restorePoints/p1", "/restorePointCollections/col"):
        wire.on("DELETE", path, fails(404, "ResourceNotFound"))
    await disks.delete_disk(azure, DISK, deadline=SOON)
    await disks.delete_snapshot(azure, SNAPSHOT, deadline=SOON)
    await restore_points.delete_restore_point(azure, POINT, deadline=SOON)
    await restore_points.delete_restore_point_collection(azure, POINT.rsplit("/", 2)[0], deadline=SOON)


async def make_snapshot(
    azure: Azure, wire: Wire, *looks: Answer, deadline: timedelta = SOON
) -> disks.Snapshot:
    first = bodies.snapshot(None, "Updating")
    wire.on("PUT", "/snapshots/s", Answer(202, first, wire.serve_operation(succeeded())))
    absent = fails(404, "ResourceNotFound")
    wire.on("GET", "/snapshots/s", absent, Answer(200, bodies.snapshot(0.0)), *looks)
    return await disks.create_snapshot(
        azure, "rg", "s", "westeurope", source_id=DISK, tags=TAGS, deadline=deadline
    )


async def test_a_snapshot_counts_only_when_its_copy_is_whole(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    half, whole = Answer(200, bodies.snapshot(50.0)), Answer(200, bodies.snapshot(100.0))
    snapshot = await make_snapshot(azure, wire, half, half, whole)
    assert snapshot.complete
    assert len(clock.sleeps) == 2
    assert wire.sent("PUT")[0].body["properties"]["incremental"] is True


async def test_a_copy_that_failed_is_told_although_the_operation_had_succeeded(
    azure: Azure, wire: Wire
) -> None:
    error = {"errorCode": "CopySourceNotFound", "errorMessage": "the source was deleted"}
    with pytest.raises(CopyFailed, match="CopySourceNotFound: the source was deleted"):
        await make_snapshot(azure, wire, Answer(200, bodies.snapshot(40.0, copyCompletionError=error)))


async def test_a_copy_that_takes_too_long_is_told_with_how_far_it_is(azure: Azure, wire: Wire) -> None:
    with pytest.raises(OperationTimedOut, match="40 % copied"):
        await make_snapshot(azure, wire, Answer(200, bodies.snapshot(40.0)), deadline=timedelta(seconds=30))


async def test_a_snapshot_that_vanishes_while_it_is_copied_is_not_found(azure: Azure, wire: Wire) -> None:
    with pytest.raises(NotFound, match="is gone"):
        await make_snapshot(azure, wire, Answer(200, bodies.snapshot(10.0)), fails(404, "ResourceNotFound"))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(200, bodies.snapshot(100.0)), "complete"),
        (Answer(200, bodies.snapshot(None)), "complete"),
        (Answer(200, bodies.snapshot(12.5)), "12.5 % copied"),
        (Answer(200, bodies.snapshot(None, "Updating")), "Updating"),
        (fails(404, "ResourceNotFound"), "missing"),
    ],
)
async def test_the_state_of_a_snapshot_is_said_in_a_word(
    azure: Azure, wire: Wire, answer: Answer, state: str
) -> None:
    wire.on("GET", "/snapshots/s", answer)
    assert await disks.get_snapshot_state(azure, SNAPSHOT) == state


async def take_point(azure: Azure, deadline: timedelta = SOON) -> restore_points.RestorePoint:
    return await restore_points.create_restore_point(
        azure, "rg", "col", "p1", consistency="CrashConsistent", deadline=deadline
    )


async def test_a_restore_point_names_a_copy_of_every_disk(azure: Azure, wire: Wire) -> None:
    wire.on("PUT", "/restorePoints/p1", Answer(201, bodies.restore_point(state="Creating")))
    wire.on(
        "GET",
        "/restorePoints/p1",
        fails(404, "ResourceNotFound"),
        Answer(200, bodies.restore_point(10, 20)),
        Answer(200, bodies.restore_point(100, 20)),
        Answer(200, bodies.restore_point(100, 100)),
    )
    point = await take_point(azure)
    assert point.consistency == "CrashConsistent"
    assert [(disk.lun, disk.disk_id, disk.restore_point_id) for disk in point.disks] == [
        (None, f"{COMPUTE}/disks/os", f"{POINT}/diskRestorePoints/os"),
        (7, f"{COMPUTE}/disks/data", f"{POINT}/diskRestorePoints/data"),
    ]
    assert wire.sent("PUT")[0].body == {"properties": {"consistencyMode": "CrashConsistent"}}


async def test_a_restore_point_that_is_there_is_taken_up_and_not_taken_again(
    azure: Azure, wire: Wire
) -> None:
    wire.on("GET", "/restorePoints/p1", Answer(200, bodies.restore_point(100, 100)))
    await take_point(azure)
    assert not wire.sent("PUT")


async def test_a_restore_point_whose_disks_are_not_copied_in_time_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/restorePoints/p1", Answer(200, bodies.restore_point(100, 30)))
    with pytest.raises(OperationTimedOut, match="30 % copied"):
        await take_point(azure, timedelta(seconds=20))


async def test_a_failed_restore_point_is_a_failed_copy(azure: Azure, wire: Wire) -> None:
    broken = Answer(200, bodies.restore_point(state="Failed"))
    wire.on("GET", "/restorePoints/p1", fails(404, "ResourceNotFound"), broken)
    wire.on("PUT", "/restorePoints/p1", Answer(201, bodies.restore_point(state="Creating")))
    with pytest.raises((CopyFailed, ProvisioningFailed)):
        await take_point(azure)


@pytest.mark.parametrize(
    ("disk", "percents", "state"),
    [
        ("os", (100, 100), "complete"),
        ("data", (100, 40), "40 % copied"),
        ("os", (), "complete"),
        ("gone", (100, 100), "missing"),
    ],
)
async def test_the_state_of_one_disk_of_a_restore_point_is_said_in_a_word(
    azure: Azure, wire: Wire, disk: str, percents: tuple[int, ...], state: str
) -> None:
    wire.on("GET", "/restorePoints/p1", Answer(200, bodies.restore_point(*percents)))
    found = await restore_points.get_disk_restore_point_state(azure, f"{POINT}/diskRestorePoints/{disk}")
    assert found == state


async def test_the_points_of_a_collection_are_listed(azure: Azure, wire: Wire) -> None:
    collection = {
        "id": "x",
        "location": "w",
        "properties": {"restorePoints": [bodies.restore_point(100, 100)]},
    }
    wire.on("GET", "/restorePointCollections/col", Answer(200, collection))
    points = await restore_points.list_restore_points(azure, "rg", "col")
    assert [point.name for point in points] == ["p1"]


async def test_a_collection_is_made_for_one_machine(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/restorePointCollections/col", fails(404, "ResourceNotFound"))
    wire.on("PUT", "/restorePointCollections/col", Answer(201, {"id": "/col", "location": "w"}))
    made = await restore_points.create_restore_point_collection(
        azure, "rg", "col", "w", source_id=VM, tags=TAGS
    )
    assert made == "/col"
    assert wire.sent("PUT")[0].body["properties"] == {"source": {"id": VM}}
