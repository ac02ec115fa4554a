"""Waiting for long-running operations."""

from datetime import timedelta

import pytest
from azure.mgmt.compute import models

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.lro import Operation
from factory.errors import (
    InvalidInput,
    OperationCanceled,
    OperationTimedOut,
    ProvisioningFailed,
    ProvisioningTimedOut,
)
from tests.factory.azure.conftest import FixedCredential, JumpingClock
from tests.factory.azure.wire import COMPUTE, RESET, Answer, Wire, failed, running, succeeded

HOUR = timedelta(hours=1)
DEALLOCATE = f"{COMPUTE}/virtualMachines/vm/deallocate"


async def begin(azure: Azure, wire: Wire, *looks: Answer, **first: str) -> Operation[None]:
    headers = wire.serve_operation(*looks)
    wire.on("POST", DEALLOCATE, Answer(202, None, {**headers, **first}))
    return await azure.begin("deallocate VM vm", azure.compute.virtual_machines.begin_deallocate, "rg", "vm")


async def test_the_first_look_is_at_once_and_the_next_ones_ever_slower_up_to_15_seconds(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    operation = await begin(azure, wire, *[running()] * 12, succeeded())
    await operation.result(HOUR)
    assert clock.sleeps[:3] == [1.0, 1.5, 2.25]
    assert clock.sleeps[-1] == 15.0
    assert clock.sleeps == sorted(clock.sleeps)


async def test_a_delay_that_the_service_names_is_kept_to_the_millisecond(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    milliseconds = running(**{"x-ms-retry-after-ms": "50"})
    operation = await begin(azure, wire, milliseconds, running(**{"Retry-After": "7"}), succeeded())
    await operation.result(HOUR)
    assert clock.sleeps == [0.05, 7.0]


async def test_a_wait_ends_at_its_deadline_and_says_what_was_seen_last(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    operation = await begin(azure, wire, running("Updating"))
    with pytest.raises(OperationTimedOut, match=r"deallocate VM vm.*90 s.*Updating") as caught:
        await operation.result(timedelta(seconds=90))
    assert clock.seconds == 90
    assert caught.value.last_state == "Updating"
    assert caught.value.token == operation.token


async def test_a_long_retry_after_does_not_outlast_the_deadline(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    operation = await begin(azure, wire, running(**{"Retry-After": "600"}))
    with pytest.raises(OperationTimedOut):
        await operation.result(timedelta(seconds=60))
    assert clock.seconds == 60


async def test_what_finishes_right_at_the_deadline_counts(azure: Azure, wire: Wire) -> None:
    operation = await begin(azure, wire, running(**{"Retry-After": "60"}), succeeded())
    await operation.result(timedelta(seconds=60))


async def test_lost_answers_are_asked_for_again_until_one_says_something(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    operation = await begin(
        azure, wire, RESET, Answer(503), Answer(500, {"error": {"code": "x"}}), RESET, running(), succeeded()
    )
    await operation.result(HOUR)
    assert len(clock.sleeps) >= 3
    assert clock.sleeps == sorted(clock.sleeps)


async def test_a_throttled_look_waits_as_long_as_it_is_told(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    operation = await begin(azure, wire, Answer(429, None, {"Retry-After": "42"}), succeeded())
    await operation.result(HOUR)
    assert clock.sleeps == [42.0]


async def test_answers_that_never_come_end_with_the_deadline_and_the_last_error(
    azure: Azure, wire: Wire
) -> None:
    operation = await begin(azure, wire, Answer(503))
    with pytest.raises(OperationTimedOut, match="last error: HTTP status 503"):
        await operation.result(timedelta(minutes=5))


async def test_a_failed_operation_is_told_by_its_code_although_the_answer_was_200(
    azure: Azure, wire: Wire
) -> None:
    operation = await begin(azure, wire, running(), failed("OSProvisioningTimedOut", "did not finish"))
    with pytest.raises(ProvisioningTimedOut, match="did not finish") as caught:
        await operation.result(HOUR)
    assert caught.value.status == 200
    assert caught.value.code == "OSProvisioningTimedOut"


@pytest.mark.parametrize("spelling", ["Canceled", "Cancelled", "canceled", "Aborted"])
async def test_a_canceled_operation_ends_the_wait_however_it_is_spelt(
    azure: Azure, wire: Wire, spelling: str
) -> None:
    operation = await begin(azure, wire, running(), running(spelling))
    with pytest.raises(OperationCanceled):
        await operation.result(HOUR)


async def test_progress_hears_every_look_and_the_percentage(azure: Azure, wire: Wire) -> None:
    heard: list[str] = []
    look = Answer(200, {"status": "InProgress", "percentComplete": 40})
    operation = await begin(azure, wire, running(), look, succeeded())
    await operation.result(HOUR, heard.append)
    assert heard == ["InProgress", "InProgress 40 %", "Succeeded"]


async def test_a_put_returns_the_resource_as_it_is_at_the_end_although_that_read_fails_first(
    azure: Azure, wire: Wire
) -> None:
    body = {"id": f"{COMPUTE}/disks/d", "name": "d", "location": "westeurope"}
    headers = wire.serve_operation(running(), succeeded())
    wire.on("PUT", "/disks/d", Answer(202, body, headers))
    done = {**body, "properties": {"diskSizeGB": 4, "creationData": {"createOption": "Empty"}}}
    wire.on("GET", "/disks/d", Answer(503), RESET, Answer(200, done))
    disks = azure.compute.disks
    made = models.Disk(body)
    operation = await azure.begin("create disk d", disks.begin_create_or_update, "rg", "d", made)
    disk = await azure.wait(operation, deadline=HOUR)
    assert disk.disk_size_gb == 4


async def test_a_resource_that_only_shows_its_own_state_is_waited_for_too(azure: Azure, wire: Wire) -> None:
    def state(text: str) -> Answer:
        return Answer(200, {"id": "x", "location": "w", "properties": {"provisioningState": text}})

    wire.on("PUT", "/images/i", Answer(201, state("Creating").body))
    wire.on("GET", "/images/i", state("Creating"), state("Failed"))
    images = azure.compute.images
    image = models.Image({"location": "w"})
    operation = await azure.begin("create image i", images.begin_create_or_update, "rg", "i", image)
    with pytest.raises(ProvisioningFailed, match=r"cannot create image i.*Failed"):
        await operation.result(HOUR)


async def test_an_operation_is_resumed_by_its_token_in_a_new_client_without_a_new_start(
    azure: Azure, wire: Wire, connection: Connection
) -> None:
    operation = await begin(azure, wire, running())
    token = operation.token
    assert token
    with pytest.raises(OperationTimedOut):
        await operation.result(timedelta(seconds=3))
    wire.serve_operation(running(), failed("OSProvisioningInternalError"))
    async with Azure(connection, credential=FixedCredential(), clock=JumpingClock()) as other:
        resumed = await other.begin(
            "deallocate VM vm",
            other.compute.virtual_machines.begin_deallocate,
            "rg",
            "vm",
            continuation_token=token,
        )
        with pytest.raises(ProvisioningFailed):
            await resumed.result(HOUR)
    assert len(wire.sent("POST")) == 1


async def test_a_token_that_cannot_be_read_is_refused_in_words(azure: Azure, wire: Wire) -> None:
    with pytest.raises(InvalidInput, match="token cannot be read"):
        await azure.begin(
            "deallocate VM vm",
            azure.compute.virtual_machines.begin_deallocate,
            "rg",
            "vm",
            continuation_token="bm9uc2Vuc2U=",
        )
    assert not wire.requests
