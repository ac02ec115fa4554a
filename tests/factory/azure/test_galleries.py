"""Galleries and managed images: hidden first, published later, replicated at its own pace."""

from datetime import UTC, datetime, timedelta

import pytest

from factory.azure import galleries, images
from factory.azure.client import Azure
from factory.errors import InvalidInput, InvalidRequest, NotFound
from tests.factory.azure import bodies
from tests.factory.azure.bodies import DEFINITION, VERSION, VM
from tests.factory.azure.conftest import JumpingClock
from tests.factory.azure.wire import COMPUTE, Answer, Wire, failed, fails, succeeded

SOON = timedelta(minutes=5)
TAGS = {"run": "r-1"}


async def create(azure: Azure) -> galleries.Version:
    return await galleries.create_version_from_machine(
        azure,
        DEFINITION,
        "1.0.0",
        "westeurope",
        machine_id=VM,
        tags=TAGS,
        deadline=SOON,
        end_of_life=datetime(2027, 1, 1, tzinfo=UTC),
    )


async def test_a_new_version_is_at_home_only_and_excluded_from_latest(azure: Azure, wire: Wire) -> None:
    wire.on(
        "PUT", "/versions/1.0.0", Answer(201, bodies.version("Creating"), wire.serve_operation(succeeded()))
    )
    wire.on("GET", "/versions/1.0.0", fails(404, "ResourceNotFound"), Answer(200, bodies.version()))
    version = await create(azure)
    profile = wire.sent("PUT")[0].body["properties"]["publishingProfile"]
    assert profile["excludeFromLatest"] is True
    assert [(region["name"], region["excludeFromLatest"]) for region in profile["targetRegions"]] == [
        ("westeurope", True)
    ]
    assert profile["endOfLifeDate"].startswith("2027-01-01")
    assert version.exclude_from_latest
    assert version.luns == (7,)


async def test_a_definition_that_does_not_fit_the_machine_refuses_it(azure: Azure, wire: Wire) -> None:
    text = (
        "Cannot create Gallery Image Version since the OS State in the parent gallery image is not the same."
    )
    headers = wire.serve_operation(failed("InvalidParameter", text))
    wire.on("GET", "/versions/1.0.0", fails(404, "ResourceNotFound"))
    wire.on("PUT", "/versions/1.0.0", Answer(201, bodies.version("Creating"), headers))
    with pytest.raises(InvalidRequest, match="OS State"):
        await create(azure)


async def test_a_version_that_is_not_there_is_none(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/versions/1.0.0", fails(404, "ResourceNotFound"))
    assert await galleries.get_version(azure, VERSION) is None


async def test_publishing_keeps_what_is_there_and_adds_what_is_asked(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/versions/1.0.0", Answer(200, bodies.version(regions=("West Europe", "East US"))))
    wire.on("PUT", "/versions/1.0.0", Answer(200, bodies.version("Updating")))
    await galleries.update_publishing(
        azure,
        VERSION,
        regions={"westeurope": 3, "northeurope": 2},
        exclude_from_latest=False,
        tags={"promoted": "yes"},
    )
    (put,) = wire.sent("PUT")
    profile = put.body["properties"]["publishingProfile"]
    assert [(region["name"], region["regionalReplicaCount"]) for region in profile["targetRegions"]] == [
        ("West Europe", 3),
        ("East US", 1),
        ("northeurope", 2),
    ]
    assert profile["targetRegions"][0]["encryption"] == {"osDiskImage": {"diskEncryptionSetId": "/des"}}
    assert profile["excludeFromLatest"] is False
    assert not any(region.get("excludeFromLatest") for region in profile["targetRegions"])
    assert profile["endOfLifeDate"].startswith("2027-01-01")
    assert put.body["tags"] == {"promoted": "yes"}
    assert put.body["properties"]["storageProfile"]["source"] == {"virtualMachineId": VM}
    for read_only in ("provisioningState", "replicationStatus"):
        assert read_only not in put.body["properties"]
    assert "publishedDate" not in profile


async def test_what_is_not_named_stays_as_it_is(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/versions/1.0.0", Answer(200, bodies.version()))
    wire.on("PUT", "/versions/1.0.0", Answer(200, bodies.version()))
    await galleries.update_publishing(azure, VERSION, regions={"northeurope": 1})
    put = wire.sent("PUT")[0].body
    assert put["properties"]["publishingProfile"]["excludeFromLatest"] is True
    assert put["tags"] == {"run": "r-1"}


async def test_publishing_does_not_wait_for_the_replication(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    headers = wire.serve_operation(Answer(200, {"status": "InProgress"}))
    wire.on("GET", "/versions/1.0.0", Answer(200, bodies.version()))
    wire.on("PUT", "/versions/1.0.0", Answer(200, bodies.version("Updating"), headers))
    await galleries.update_publishing(azure, VERSION, exclude_from_latest=False)
    assert clock.sleeps == []


async def test_replication_is_waited_for_in_every_region(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    both = ("West Europe", "North Europe")
    stale = bodies.version(regions=both, there=("West Europe",))
    updating = bodies.version("Updating", regions=both)
    wire.on(
        "GET",
        "/versions/1.0.0",
        *(Answer(200, body) for body in (stale, updating, bodies.version(regions=both))),
    )
    state = await galleries.wait_replication(azure, VERSION, deadline=SOON)
    assert state.aggregated == "Completed"
    assert state.regions == {"West Europe": "Completed", "North Europe": "Completed"}
    assert len(clock.sleeps) == 2, "Azure's Completed of before the change did not count"


async def test_a_replication_that_outlasts_the_deadline_is_a_state_and_no_error(
    azure: Azure, wire: Wire, clock: JumpingClock
) -> None:
    heard: list[str] = []
    body = bodies.version("Updating", "InProgress")
    body["properties"]["replicationStatus"]["summary"] = [
        {"region": "West Europe", "state": "Replicating", "progress": 40, "details": ""}
    ]
    wire.on("GET", "/versions/1.0.0", Answer(200, body))
    state = await galleries.wait_replication(azure, VERSION, deadline=SOON, progress=heard.append)
    assert not state.finished
    assert state.regions == {"West Europe": "Replicating 40 %"}
    assert heard[0] == "InProgress: West Europe Replicating 40 %"
    assert clock.seconds == SOON.total_seconds()


async def test_a_replication_that_failed_in_one_region_says_where_and_why(azure: Azure, wire: Wire) -> None:
    body = bodies.version("Failed", "Failed")
    body["properties"]["replicationStatus"]["summary"] = [
        {"region": "East US", "state": "Failed", "progress": 0, "details": "no capacity"}
    ]
    wire.on("GET", "/versions/1.0.0", Answer(200, body))
    state = await galleries.wait_replication(azure, VERSION, deadline=SOON)
    assert (state.aggregated, state.regions) == ("Failed", {"East US": "Failed: no capacity"})


async def test_waiting_for_a_version_that_is_gone_is_an_error(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/versions/1.0.0", fails(404, "ResourceNotFound"))
    with pytest.raises(NotFound):
        await galleries.wait_replication(azure, VERSION, deadline=SOON)
    with pytest.raises(NotFound):
        await galleries.update_publishing(azure, VERSION, exclude_from_latest=True)


async def test_a_definition_is_read_with_its_features(azure: Azure, wire: Wire) -> None:
    body = {
        "id": DEFINITION,
        "name": "debian",
        "location": "westeurope",
        "properties": {
            "osType": "Linux",
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "identifier": {"publisher": "p", "offer": "o", "sku": "s"},
            "features": [{"name": "SecurityType", "value": "TrustedLaunch"}],
        },
    }
    wire.on("GET", "/images/debian", Answer(200, body))
    definition = await galleries.get_definition(azure, DEFINITION)
    assert (definition.os_type, definition.os_state, definition.generation) == ("Linux", "Generalized", "V2")
    assert definition.security_type == "TrustedLaunch"
    assert (definition.publisher, definition.offer, definition.sku) == ("p", "o", "s")


async def test_versions_are_listed_over_all_pages(azure: Azure, wire: Wire) -> None:
    second = {"value": [{**bodies.version(), "name": "1.0.1"}]}
    first = {"value": [bodies.version()], "nextLink": f"{wire.url}/page2?api-version=2025-12-03"}
    wire.on("GET", "/versions", Answer(200, first))
    wire.on("GET", "/page2", Answer(200, second))
    found = await galleries.list_versions(azure, DEFINITION)
    assert [version.name for version in found] == ["1.0.0", "1.0.1"]


async def test_a_gallery_tells_whether_deleted_versions_can_come_back(azure: Azure, wire: Wire) -> None:
    policy = {"softDeletePolicy": {"isSoftDeleteEnabled": True}}
    wire.on(
        "GET",
        "/galleries/gal",
        Answer(200, {"id": "g", "name": "gal", "location": "w", "properties": policy}),
    )
    assert (await galleries.get_gallery(azure, f"{COMPUTE}/galleries/gal")).soft_delete


@pytest.mark.parametrize("wrong", [VM, DEFINITION, f"{COMPUTE}/galleries/gal"])
async def test_an_id_of_something_else_is_refused_before_any_call(
    azure: Azure, wire: Wire, wrong: str
) -> None:
    with pytest.raises(InvalidInput, match="image version"):
        await galleries.get_version(azure, wrong)
    assert not wire.requests


async def test_deleting_a_version_or_image_that_is_not_there_is_fine(azure: Azure, wire: Wire) -> None:
    wire.on("DELETE", "/versions/1.0.0", fails(404, "ResourceNotFound"))
    wire.on("DELETE", "/images/i", fails(404, "ResourceNotFound"))
    await galleries.delete_version(azure, VERSION, deadline=SOON)
    await images.delete_image(azure, f"{COMPUTE}/images/i", deadline=SOON)


IMAGE = {
    "id": f"{COMPUTE}/images/i",
    "name": "i",
    "location": "westeurope",
    "properties": {
        "provisioningState": "Succeeded",
        "hyperVGeneration": "V2",
        "storageProfile": {
            "osDisk": {"osState": "Generalized", "osType": "Linux"},
            "dataDisks": [{"lun": 7}],
        },
    },
}


async def test_a_managed_image_takes_its_generation_from_the_machine(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine()))
    wire.on("PUT", "/images/i", Answer(201, IMAGE, wire.serve_operation(succeeded())))
    wire.on("GET", "/images/i", fails(404, "ResourceNotFound"), Answer(200, IMAGE))
    image = await images.create_image_from_machine(
        azure, "rg", "i", "westeurope", machine_id=VM, tags=TAGS, deadline=SOON
    )
    assert wire.sent("PUT")[0].body["properties"]["hyperVGeneration"] == "V2"
    assert (image.os_state, image.luns, image.generation) == ("Generalized", (7,), "V2")


async def test_an_image_gets_exactly_the_tags_it_is_told(azure: Azure, wire: Wire) -> None:
    wire.on("PATCH", "/images/i", Answer(200, {**IMAGE, "tags": {"a": "b"}}))
    assert (await images.set_tags(azure, f"{COMPUTE}/images/i", {"a": "b"})).tags == {"a": "b"}
    assert wire.sent("PATCH")[0].body == {"tags": {"a": "b"}}


async def test_an_image_that_is_not_there_is_none(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/images/i", fails(404, "ResourceNotFound"))
    assert await images.get_image(azure, "rg", "i") is None
