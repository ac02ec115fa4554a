"""What every call has in common: version, identity, retries, records."""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from factory import errors
from factory.azure import disks, groups
from factory.azure.api_versions import ApiVersions
from factory.azure.calls import Call, Limits
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.retry import PATIENCE
from factory.errors import InvalidInput
from tests.factory.azure.conftest import FixedCredential, JumpingClock
from tests.factory.azure.wire import COMPUTE, GROUP, RESET, SUBSCRIPTION, Answer, Wire, fails

DISK = f"{COMPUTE}/disks/d"
DISK_BODY = {"id": DISK, "name": "d", "location": "westeurope", "properties": {"diskSizeGB": 4}}
GROUP_BODY = {"id": GROUP, "name": "rg", "location": "westeurope"}


async def test_every_provider_is_spoken_to_in_its_pinned_version(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/disks/d", Answer(200, DISK_BODY))
    wire.on("GET", "/resourceGroups/rg", Answer(200, GROUP_BODY))
    await disks.get_disk(azure, DISK)
    await groups.get_group(azure, "rg")
    pins = ApiVersions()
    assert [seen.query["api-version"] for seen in wire.requests] == [pins.disks, pins.resources]


def test_the_environment_moves_a_pin_and_refuses_an_unknown_one() -> None:
    pins = ApiVersions.from_environment({"GOLDEN_API_VERSIONS": "disks=2026-03-02, compute=2026-04-01"})
    assert (pins.disks, pins.compute, pins.network) == ("2026-03-02", "2026-04-01", ApiVersions().network)
    with pytest.raises(InvalidInput, match="names disk"):
        ApiVersions.from_environment({"GOLDEN_API_VERSIONS": "disk =x"})


async def test_an_operation_group_without_a_pin_is_not_called(azure: Azure, wire: Wire) -> None:
    with pytest.raises(InvalidInput, match="AvailabilitySetsOperations"):
        await azure.call("read", azure.compute.availability_sets.get, "rg", "x")
    assert not wire.requests


def test_calls_by_id_are_pinned_by_type() -> None:
    pins = ApiVersions()
    assert pins.of_type("Microsoft.Compute/snapshots") == pins.disks
    assert pins.of_type("Microsoft.Compute/galleries/images/versions") == pins.galleries
    assert pins.of_type("Microsoft.Compute/restorePointCollections") == pins.compute
    assert pins.of_type("microsoft.network/networkInterfaces") == pins.network
    with pytest.raises(InvalidInput):
        pins.of_type("Microsoft.Storage/storageAccounts")


async def test_requests_name_the_factory_and_the_run_and_carry_an_id(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/disks/d", Answer(200, DISK_BODY))
    await disks.get_disk(azure, DISK)
    headers = wire.requests[0].headers
    assert headers["user-agent"].startswith("golden-image-factory/0.1 run/r-1 ")
    assert headers["x-ms-client-request-id"]
    assert headers["authorization"] == "Bearer a-token"


async def test_tokens_are_asked_for_the_endpoint_itself(
    azure: Azure, wire: Wire, credential: FixedCredential
) -> None:
    wire.on("GET", "/disks/d", Answer(200, DISK_BODY))
    await disks.get_disk(azure, DISK)
    assert set(credential.scopes) == {f"{wire.url}/.default"}


async def test_leaving_closes_the_credential_too(connection: Connection) -> None:
    credential = FixedCredential()
    async with Azure(connection, credential=credential):
        assert not credential.closed
    assert credential.closed


async def test_a_throttled_get_waits_as_told_and_succeeds(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("GET", "/disks/d", Answer(429, None, {"Retry-After": "3"}), Answer(200, DISK_BODY))
    await disks.get_disk(azure, DISK)
    assert clock.sleeps == [3.0]
    assert azure.limits.throttled == 1


async def test_a_throttled_post_is_sent_again_since_nothing_was_done(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("POST", "/generalize", Answer(429), Answer(429), Answer(200))
    await azure.call("generalize", azure.compute.virtual_machines.generalize, "rg", "vm")
    assert len(wire.sent("POST")) == 3
    assert clock.sleeps == [1.0, 2.0]
    assert azure.limits.throttled == 2


async def test_a_delay_beyond_our_patience_is_an_error_that_names_it(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("POST", "/generalize", fails(429, "TooManyRequests", **{"Retry-After": "1200"}))
    with pytest.raises(errors.Throttled) as caught:
        await azure.call("generalize", azure.compute.virtual_machines.generalize, "rg", "vm")
    assert caught.value.retry_after == 1200
    assert clock.seconds == 0


async def test_endless_throttling_ends_with_our_patience(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    wire.on("GET", "/disks/d", fails(429, "TooManyRequests"))
    with pytest.raises(errors.Throttled):
        await disks.get_disk(azure, DISK)
    assert 60 < clock.seconds <= PATIENCE


async def test_a_post_that_may_have_been_done_is_not_sent_again(azure: Azure, wire: Wire) -> None:
    wire.on("POST", "/generalize", RESET, Answer(200))
    with pytest.raises(errors.AzureUnreachable):
        await azure.call("generalize", azure.compute.virtual_machines.generalize, "rg", "vm")
    assert len(wire.sent("POST")) == 1


async def test_a_put_whose_answer_was_lost_is_sent_again(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/resourceGroups/rg", fails(404, "ResourceGroupNotFound"))
    wire.on("PUT", "/resourceGroups/rg", RESET, Answer(503), Answer(200, GROUP_BODY))
    await groups.create_group(azure, "rg", "westeurope", {})
    assert len(wire.sent("PUT")) == 3


async def test_an_endpoint_that_nobody_answers_is_told_with_what_to_check(clock: JumpingClock) -> None:
    nowhere = Connection(SUBSCRIPTION, endpoint="https://127.0.0.1:9")
    async with Azure(nowhere, credential=FixedCredential(), clock=clock) as azure:
        with pytest.raises(errors.AzureUnreachable, match="GOLDEN_ARM_ENDPOINT"):
            await groups.get_group(azure, "rg")
    assert clock.seconds > 1, "it was tried more than once"


async def test_an_untrusted_certificate_is_refused_at_once_and_names_the_variable(
    wire: Wire, clock: JumpingClock
) -> None:
    async with Azure(
        Connection(SUBSCRIPTION, endpoint=wire.url), credential=FixedCredential(), clock=clock
    ) as azure:
        with pytest.raises(errors.AzureUnreachable, match="GOLDEN_CA_BUNDLE"):
            await groups.get_group(azure, "rg")
    assert clock.sleeps == []


async def test_every_request_is_recorded_with_its_retries_and_without_its_query(
    connection: Connection, wire: Wire, clock: JumpingClock, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Call] = []
    wire.on("GET", "/disks/d", Answer(503), Answer(200, DISK_BODY, {"x-ms-request-id": "R"}))
    with caplog.at_level(logging.DEBUG, "factory.azure"):
        async with Azure(
            connection, credential=FixedCredential(), clock=clock, on_call=heard.append
        ) as azure:
            await disks.get_disk(azure, DISK)
    assert [(call.method, call.path, call.status) for call in heard] == [
        ("GET", DISK, 503),
        ("GET", DISK, 200),
    ]
    assert heard[1].request_id == "R"
    assert heard[0].client_request_id == heard[1].client_request_id
    assert "api-version" not in caplog.text
    assert azure.limits.calls == 2


def test_limits_are_read_in_all_the_ways_azure_writes_them() -> None:
    limits = Limits()
    limits.read(
        200,
        {
            "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/UpdateVM3Min;238,"
            "Microsoft.Compute/UpdateVM30Min;1198",
            "x-ms-ratelimit-remaining-subscription-writes": "1199",
            "content-length": "7",
        },
        datetime.now(UTC),
    )
    assert limits.remaining == {
        "Microsoft.Compute/UpdateVM3Min": 238,
        "Microsoft.Compute/UpdateVM30Min": 1198,
        "subscription-writes": 1199,
    }


async def test_a_blob_is_read_without_our_token_and_its_signature_is_not_logged(
    azure: Azure, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.on("GET", "/blob/log", Answer(206, b"last words"))
    with caplog.at_level(logging.DEBUG):
        text = await azure.download("read a blob", f"{wire.url}/blob/log?sig=secret", last_bytes=10)
    assert text == b"last words"
    assert wire.requests[0].query == {"sig": "secret"}
    assert "authorization" not in wire.requests[0].headers
    assert wire.requests[0].headers["range"] == "bytes=-10"
    assert "secret" not in caplog.text


async def test_an_empty_blob_has_no_last_bytes(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/blob/log", Answer(416))
    assert await azure.download("read a blob", f"{wire.url}/blob/log", last_bytes=10) == b""


async def test_the_trusted_authorities_are_those_of_the_bundle(
    certificate: tuple[Path, ssl.SSLContext], wire: Wire
) -> None:
    connection = Connection(SUBSCRIPTION, endpoint=wire.url, ca_bundle=certificate[0])
    wire.on("GET", "/resourceGroups/rg", Answer(200, GROUP_BODY))
    async with Azure(connection, credential=FixedCredential()) as azure:
        assert await groups.get_group(azure, "rg")
