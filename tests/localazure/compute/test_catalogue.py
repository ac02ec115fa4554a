"""Sizes, quotas and marketplace images; the serial log."""

from __future__ import annotations

import time

import pytest
import requests
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.machines import Yard


def test_sizes_of_a_region_say_what_they_can(compute: ComputeManagementClient) -> None:
    found = {sku.name: sku for sku in compute.resource_skus.list(filter="location eq 'West Europe'")}
    size = found["Standard_D4s_v5"]
    can = {one.name: one.value for one in size.capabilities or []}
    assert (can["vCPUs"], can["MemoryGB"], can["HyperVGenerations"]) == ("4", "16", "V1,V2")
    assert size.locations == ["westeurope"]
    assert not size.restrictions
    (restriction,) = found["Standard_M128s"].restrictions or []
    assert restriction.reason_code == "NotAvailableForSubscription"


def test_an_unknown_filter_is_refused(yard: Yard) -> None:
    path = f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/skus"
    assert yard.refused(yard.wire("GET", path, **{"$filter": "size eq 'x'"}))[:2] == (400, "InvalidParameter")


def test_usages_count_the_machines_that_are(yard: Yard, compute: ComputeManagementClient) -> None:
    def counted() -> dict[str, int]:
        return {one.name.value or "": one.current_value for one in compute.usage.list("northeurope")}

    before = counted()
    nic_body = yard.machine_body()
    del nic_body["properties"]["networkProfile"]
    assert before["cores"] == 0 and before["virtualMachines"] == 0
    here = {one.name.value or "": one.current_value for one in compute.usage.list("westeurope")}
    yard.machine(hardwareProfile={"vmSize": "Standard_D2s_v5"})
    after = {one.name.value or "": one.current_value for one in compute.usage.list("westeurope")}
    assert after["cores"] == here["cores"] + 2
    assert after["standardDSv5Family"] == here["standardDSv5Family"] + 2
    assert after["virtualMachines"] == here["virtualMachines"] + 1


def test_the_marketplace_is_walked_from_publisher_to_version(compute: ComputeManagementClient) -> None:
    images = compute.virtual_machine_images
    assert [one.name for one in images.list_publishers("westeurope")] == ["Debian"]
    assert [one.name for one in images.list_offers("westeurope", "Debian")] == ["debian-12"]
    assert [one.name for one in images.list_skus("westeurope", "Debian", "debian-12")] == ["12-gen2"]
    found = images.list("westeurope", "Debian", "debian-12", "12-gen2")
    assert [one.name for one in found] == ["1.0.0", "1.2.0", "1.10.0"]
    newest = images.list("westeurope", "Debian", "debian-12", "12-gen2", top=1, orderby="name desc")
    assert [one.name for one in newest] == ["1.10.0"]


def test_a_version_says_what_machines_of_it_will_be(compute: ComputeManagementClient) -> None:
    found = compute.virtual_machine_images.get("westeurope", "Debian", "debian-12", "12-gen2", "1.10.0")
    assert found.plan is None
    assert found.hyper_v_generation == "V2"
    assert found.os_disk_image is not None and found.os_disk_image.operating_system == "Linux"


@pytest.mark.parametrize(
    "path",
    [
        "publishers/Nobody/artifacttypes/vmimage/offers",
        "publishers/Debian/artifacttypes/vmimage/offers/none/skus",
        "publishers/Debian/artifacttypes/vmimage/offers/debian-12/skus/12-gen2/versions/9.9.9",
    ],
)
def test_what_the_marketplace_has_not_is_not_found(yard: Yard, path: str) -> None:
    place = (
        f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/locations/westeurope/{path}"
    )
    assert yard.refused(yard.wire("GET", place)) == (404, "NotFound", "Artifact: VMImage was not found.")


def test_the_serial_log_is_read_without_a_token_by_its_signature(yard: Yard) -> None:
    vm = yard.machine("talks", diagnosticsProfile={"bootDiagnostics": {"enabled": True}})
    urls = yard.done(yard.act(vm, "retrieveBootDiagnosticsData"))
    log = requests.get(urls["serialConsoleLogBlobUri"], verify=yard.cloud.ca, timeout=10)
    assert (log.status_code, log.text) == (200, "console of talks\n")
    shot = requests.get(urls["consoleScreenshotBlobUri"], verify=yard.cloud.ca, timeout=10)
    assert shot.status_code == 404


def test_the_serial_log_is_not_read_with_another_signature_or_too_late(yard: Yard) -> None:
    vm = yard.machine("talks", diagnosticsProfile={"bootDiagnostics": {"enabled": True}})
    url = yard.done(yard.act(vm, "retrieveBootDiagnosticsData", sasUriExpirationTimeInMinutes="1"))[
        "serialConsoleLogBlobUri"
    ]
    until = next(part for part in url.split("&") if part.startswith("se="))
    assert int(until[3:]) - time.time() < 61
    for wrong in (url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace(until, "se=99999999999")):
        refused = requests.get(wrong, verify=yard.cloud.ca, timeout=10)
        assert refused.status_code == 403
        assert "AuthenticationFailed" in refused.text


def test_no_diagnostics_no_log(yard: Yard) -> None:
    assert yard.refused(yard.act(yard.machine(), "retrieveBootDiagnosticsData"))[:2] == (
        409,
        "OperationNotAllowed",
    )
