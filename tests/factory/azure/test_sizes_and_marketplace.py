"""VM sizes, quotas and marketplace images."""

import pytest

from factory.azure import marketplace, skus
from factory.azure.client import Azure
from factory.azure.machine_models import Plan
from factory.azure.marketplace import Urn
from factory.errors import InvalidInput, NotFound
from tests.factory.azure.wire import Answer, Wire, fails

URN = Urn.parse("Debian:debian-12:12-gen2:latest")
VERSIONS = "/offers/debian-12/skus/12-gen2/versions"


def size(name: str, *restrictions: dict[str, object]) -> dict[str, object]:
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": "standardDSv5Family",
        "locations": ["westeurope"],
        "locationInfo": [{"location": "westeurope", "zones": ["1", "2", "3"]}],
        "capabilities": [{"name": "vCPUs", "value": "2"}, {"name": "HyperVGenerations", "value": "V1,V2"}],
        "restrictions": list(restrictions),
    }


BARRED: dict[str, object] = {
    "type": "Location",
    "values": ["westeurope"],
    "reasonCode": "NotAvailableForSubscription",
}
NARROWED: dict[str, object] = {
    "type": "Zone",
    "restrictionInfo": {"zones": ["2"]},
    "reasonCode": "NotAvailableForSubscription",
}


async def offer(azure: Azure, wire: Wire, *found: dict[str, object]) -> skus.SizeOffer:
    wire.on("GET", "/Microsoft.Compute/skus", Answer(200, {"value": list(found)}))
    return await skus.sku_available(azure, "westeurope", "standard_d2s_v5")


async def test_a_size_on_offer_tells_zones_and_abilities(azure: Azure, wire: Wire) -> None:
    disk = {**size("Standard_D2s_v5", BARRED), "resourceType": "disks"}
    found = await offer(azure, wire, disk, size("Other"), size("Standard_D2s_v5", NARROWED))
    assert found.available
    assert found.zones == ("1", "3")
    assert found.capabilities["HyperVGenerations"] == "V1,V2"
    assert wire.requests[0].query["$filter"] == "location eq 'westeurope'"


async def test_a_size_barred_from_the_location_says_why(azure: Azure, wire: Wire) -> None:
    found = await offer(azure, wire, size("Standard_D2s_v5", BARRED))
    assert not found.available
    assert "NotAvailableForSubscription" in (found.reason or "")


async def test_a_size_that_does_not_exist_there_is_not_available(azure: Azure, wire: Wire) -> None:
    found = await offer(azure, wire, size("Other"))
    assert not found.available
    assert "not a VM size of westeurope" in (found.reason or "")


async def test_quotas_are_read_by_name(azure: Azure, wire: Wire) -> None:
    value = [
        {"unit": "Count", "currentValue": 8, "limit": 10, "name": {"value": "cores", "localizedValue": "x"}}
    ]
    wire.on("GET", "/usages", Answer(200, {"value": value}))
    assert (await skus.usages(azure, "westeurope"))["cores"].left == 2


def entry(version: str) -> dict[str, str]:
    return {"name": version, "id": f"/x/{version}", "location": "westeurope"}


async def test_latest_is_the_highest_version_by_number(azure: Azure, wire: Wire) -> None:
    wire.on(
        "GET", VERSIONS, Answer(200, [entry("0.20260101.9"), entry("0.20260101.10"), entry("0.20251231.99")])
    )
    properties = {
        "hyperVGeneration": "V2",
        "architecture": "x64",
        "osDiskImage": {"operatingSystem": "Linux"},
        "plan": {"publisher": "debian", "name": "12-gen2", "product": "debian-12"},
        "features": [{"name": "SecurityType", "value": "TrustedLaunchSupported"}],
        "imageDeprecationStatus": {"imageState": "Active"},
    }
    wire.on(
        "GET", f"{VERSIONS}/0.20260101.10", Answer(200, {**entry("0.20260101.10"), "properties": properties})
    )
    image = await marketplace.resolve_version(azure, "westeurope", URN)
    assert str(image.urn) == "Debian:debian-12:12-gen2:0.20260101.10"
    assert image.plan == Plan("debian", "debian-12", "12-gen2")
    assert (image.os_type, image.generation, image.deprecation) == ("Linux", "V2", "Active")
    assert image.features == {"SecurityType": "TrustedLaunchSupported"}


async def test_an_exact_version_is_asked_for_directly(azure: Azure, wire: Wire) -> None:
    wire.on("GET", f"{VERSIONS}/1.2.3", Answer(200, {**entry("1.2.3"), "properties": {}}))
    image = await marketplace.resolve_version(
        azure, "westeurope", Urn.parse("Debian:debian-12:12-gen2:1.2.3")
    )
    assert image.plan is None
    assert len(wire.requests) == 1


async def test_an_offer_without_versions_or_without_a_trace_is_not_found(azure: Azure, wire: Wire) -> None:
    wire.on("GET", VERSIONS, Answer(200, []), fails(404, "NotFound", "Artifact: VMImage was not found."))
    for _ in range(2):
        with pytest.raises(NotFound):
            await marketplace.resolve_version(azure, "westeurope", URN)


@pytest.mark.parametrize("text", ["debian", "a:b:c", "a:b:c:", "a:b:c:d:e"])
def test_what_is_no_urn_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="publisher:offer:sku:version"):
        Urn.parse(text)
