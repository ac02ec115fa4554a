"""Disks and snapshots: recorded shapes, states, copies, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.disks.lives import reopened
from tests.localazure.machines import MARKETPLACE, Yard

DISK = {
    "creationData",
    "diskSizeGB",
    "diskIOPSReadWrite",
    "diskMBpsReadWrite",
    "encryption",
    "networkAccessPolicy",
    "publicNetworkAccess",
    "timeCreated",
    "provisioningState",
    "diskState",
    "diskSizeBytes",
    "uniqueId",
}
SNAPSHOT = DISK - {"diskIOPSReadWrite", "diskMBpsReadWrite"} | {"incremental"}
EMPTY = {
    "location": "westeurope",
    "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 200},
}


def copy_of(source: str, **more: Any) -> dict[str, Any]:
    creation = {"createOption": "Copy", "sourceResourceId": source}
    return {"location": "westeurope", "properties": {"creationData": creation} | more}


def test_a_put_answers_as_recorded_and_the_operation_holds_the_disk(yard: Yard) -> None:
    path = yard.path("disks", "disk")
    response = yard.wire("PUT", path, EMPTY)
    assert response.status_code == 202
    assert response.json() == {
        "name": "disk",
        "location": "westeurope",
        "properties": {
            "creationData": {"createOption": "Empty"},
            "diskSizeGB": 200,
            "provisioningState": "Updating",
            "isArmResource": True,
        },
    }
    operation, location = response.headers["Azure-AsyncOperation"], response.headers["Location"]
    assert "/locations/westeurope/DiskOperations/" in operation and "monitor=true" in location
    status = yard.done(response)
    assert set(status) == {"startTime", "endTime", "status", "properties", "name"}
    disk = yard.get(path)
    assert status["properties"]["output"] == disk
    assert set(disk) == {"name", "id", "type", "location", "sku", "properties"}
    assert disk["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    assert set(disk["properties"]) == DISK
    assert disk["properties"]["diskSizeBytes"] == 214748364800
    assert disk["properties"]["diskIOPSReadWrite"] == 500
    assert yard.wire("GET", location).json() == disk


def test_a_premium_disk_shows_its_tier(yard: Yard) -> None:
    path = yard.path("disks", "disk")
    yard.done(yard.wire("PUT", path, EMPTY | {"sku": {"name": "Premium_LRS"}, "tags": {"a": "b"}}))
    disk = yard.get(path)
    assert disk["sku"] == {"name": "Premium_LRS", "tier": "Premium"}
    assert (disk["properties"]["tier"], disk["properties"]["diskIOPSReadWrite"]) == ("P15", 1100)
    assert disk["tags"] == {"a": "b"}


def test_a_snapshot_has_the_recorded_shape(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=200)
    path = yard.path("snapshots", "snap")
    body = {
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Copy", "sourceUri": disk}},
    }
    response = yard.wire("PUT", path, body)
    unique = yard.get(disk)["properties"]["uniqueId"]
    assert response.json() == {
        "location": "westeurope",
        "properties": {
            "creationData": {"createOption": "Copy", "sourceUri": disk, "sourceUniqueId": unique},
            "publicNetworkAccess": "Enabled",
            "provisioningState": "Updating",
            "isArmResource": True,
        },
    }
    yard.done(response)
    properties = yard.get(path)["properties"]
    assert set(properties) == SNAPSHOT
    assert properties["creationData"] == {
        "createOption": "Copy",
        "sourceResourceId": disk,
        "sourceUniqueId": unique,
    }
    assert properties["incremental"] is False


def test_copies_are_independent_of_their_source(yard: Yard) -> None:
    disk = yard.disk("disk")
    yard.write(disk, mark="one")
    snapshot = yard.snapshot("snap", disk)
    yard.write(disk, mark="two")
    restored = yard.path("disks", "restored")
    yard.done(yard.wire("DELETE", disk))
    yard.done(yard.wire("PUT", restored, copy_of(snapshot)))
    assert yard.files(restored)["mark"] == "one"


def test_incremental_snapshots_of_a_disk_are_one_family(yard: Yard) -> None:
    disk = yard.disk("disk")
    first, second = (
        yard.get(yard.snapshot(name, disk, incremental=True))["properties"] for name in ("s1", "s2")
    )
    assert first["incrementalSnapshotFamilyId"] == second["incrementalSnapshotFamilyId"]
    assert first["completionPercent"] == 100.0
    assert "incrementalSnapshotFamilyId" not in yard.get(yard.snapshot("s3", disk))["properties"]


def test_a_snapshot_crosses_regions_by_copy_start(yard: Yard) -> None:
    disk = yard.disk("disk")
    yard.write(disk, mark="home")
    here = yard.snapshot("here", disk, incremental=True)
    there = yard.path("snapshots", "there")
    creation = {"createOption": "CopyStart", "sourceResourceId": here}
    body = {"location": "eastus", "properties": {"creationData": creation, "incremental": True}}
    status = yard.done(yard.wire("PUT", there, body))
    assert "completionPercent" not in status["properties"]["output"]["properties"]
    found = yard.get(there)
    assert (found["location"], found["properties"]["completionPercent"]) == ("eastus", 100.0)
    assert (
        found["properties"]["incrementalSnapshotFamilyId"]
        == yard.get(here)["properties"]["incrementalSnapshotFamilyId"]
    )
    assert yard.files(there)["mark"] == "home"


def test_copy_start_is_for_incremental_snapshots(yard: Yard) -> None:
    full = yard.snapshot("full", yard.disk("disk"))
    creation = {"createOption": "CopyStart", "sourceResourceId": full}
    body = {"location": "eastus", "properties": {"creationData": creation, "incremental": True}}
    assert yard.refused(yard.wire("PUT", yard.path("snapshots", "s"), body))[:2] == (400, "BadRequest")


def test_other_copies_stay_in_their_region(yard: Yard) -> None:
    body = copy_of(yard.disk("disk")) | {"location": "eastus"}
    status, code, message = yard.refused(yard.wire("PUT", yard.path("snapshots", "s"), body))
    assert (status, code) == (400, "BadRequest")
    assert "is in region westeurope, which is different from the region eastus" in message


def test_a_disk_of_a_marketplace_image(yard: Yard) -> None:
    place = (
        f"/Subscriptions/{yard.cloud.subscription}/Providers/Microsoft.Compute/Locations/westeurope/Publishers/Debian"
        "/ArtifactTypes/VMImage/Offers/debian-12/Skus/12-gen2/Versions/1.2.0"
    )
    creation = {"createOption": "FromImage", "imageReference": {"id": place}}
    path = yard.path("disks", "disk")
    yard.done(yard.wire("PUT", path, {"location": "westeurope", "properties": {"creationData": creation}}))
    assert yard.files(path)["version"] == "1.2.0"
    assert yard.get(path)["properties"]["osType"] == "Linux"


BAD: list[tuple[dict[str, Any], int, str, str]] = [
    ({"properties": {"diskSizeGB": 4}}, 400, "InvalidParameter", "Required parameter 'disk.creationData'"),
    (
        {"properties": {"creationData": {}}},
        400,
        "InvalidParameter",
        "Required parameter 'creationData.createOption' is missing (null).",
    ),
    (
        {"properties": {"creationData": {"createOption": "Empty"}}},
        400,
        "InvalidParameter",
        "Required parameter 'disk.diskSizeGB' is missing (null).",
    ),
    (
        {"properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 40000}},
        400,
        "InvalidParameter",
        "The value 40000 of parameter disk.diskSizeGB is out of range. "
        "The value must be between 1 and 32767, inclusive.",
    ),
    (
        {"sku": {"name": "Fast"}},
        400,
        "InvalidParameter",
        "The value 'Fast' of parameter 'sku.name' is not allowed.",
    ),
    (
        {"properties": {"creationData": {"createOption": "Guess"}}},
        400,
        "InvalidParameter",
        "The value of parameter creationData.createOption is invalid.",
    ),
    (
        {"properties": {"creationData": {"createOption": "Upload"}}},
        400,
        "InvalidParameter",
        "Required parameter 'creationData.uploadSizeBytes' is missing (null).",
    ),
    (
        {"properties": {"creationData": {"createOption": "Upload", "uploadSizeBytes": 44716382720}}},
        400,
        "BadRequest",
        "The upload size in bytes 44716382720 - 512 bytes for the VHD footer (44716382208 in this case) must "
        "be a multiple of MiB.",
    ),
    (
        {"properties": {"creationData": {"createOption": "Upload", "uploadSizeBytes": 512}}},
        400,
        "InvalidParameter",
        "The value 512 of parameter creationData.uploadSizeBytes is out of range.",
    ),
    (
        {"properties": {"creationData": {"createOption": "Import", "sourceUri": "blob"}}},
        400,
        "InvalidParameter",
        "Blob URI blob is not in the correct format for a disk import.",
    ),
    (
        {"properties": {"creationData": {"createOption": "ImportSecure"}}},
        501,
        "NotImplemented",
        "The local Azure does not implement disks with createOption ImportSecure.",
    ),
]


@pytest.mark.parametrize(("change", "status", "code", "text"), BAD, ids=[text[:50] for *_, text in BAD])
def test_a_bad_disk_is_refused_and_leaves_nothing(
    yard: Yard, change: dict[str, Any], status: int, code: str, text: str
) -> None:
    path = yard.path("disks", "disk")
    found = yard.refused(yard.wire("PUT", path, EMPTY | change))
    assert found[:2] == (status, code)
    assert found[2].startswith(text)
    assert yard.wire("GET", path).status_code == 404


def test_a_copy_of_nothing_is_not_found(yard: Yard) -> None:
    ghost = yard.path("disks", "ghost")
    found = yard.refused(yard.wire("PUT", yard.path("snapshots", "s"), copy_of(ghost)))
    assert found[:2] == (404, "ResourceNotFound")
    assert "'Microsoft.Compute/disks/ghost'" in found[2]


def test_disks_grow_and_never_shrink(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=8)
    response = yard.wire("PATCH", disk, {"properties": {"diskSizeGB": 16}})
    assert response.status_code == 202
    assert response.json()["properties"]["provisioningState"] == "Updating"
    yard.done(response)
    assert yard.get(disk)["properties"]["diskSizeBytes"] == 16 << 30
    found = yard.refused(yard.wire("PATCH", disk, {"properties": {"diskSizeGB": 8}}))
    assert found[:2] == (400, "ResizeDiskError")


def test_what_a_disk_is_made_of_never_changes(yard: Yard) -> None:
    disk = yard.disk("disk")
    found = yard.refused(yard.wire("PUT", disk, copy_of(yard.disk("other"))))
    assert found == (
        409,
        "PropertyChangeNotAllowed",
        "Changing property 'creationData.createOption' is not allowed for existing disk 'disk'.",
    )


def test_putting_a_disk_again_keeps_its_content(yard: Yard) -> None:
    disk = yard.disk("disk")
    yard.write(disk, mark="kept")
    unique = yard.get(disk)["properties"]["uniqueId"]
    yard.disk("disk", diskSizeGB=16)
    assert yard.files(disk)["mark"] == "kept"
    assert yard.get(disk)["properties"]["uniqueId"] == unique


@pytest.mark.parametrize("state", ["running", "stopped", "deallocated"])
def test_an_attached_disk_cannot_be_deleted_in_any_power_state(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    disk = yard.os_disk(vm)
    found = yard.refused(yard.wire("DELETE", disk))
    assert found == (409, "OperationNotAllowed", f"Disk {disk.rsplit('/', 1)[-1]} is attached to VM {vm}.")


def test_a_running_machines_disk_is_snapshot_and_not_lent_out_or_grown(yard: Yard) -> None:
    vm = yard.machine()
    disk = yard.os_disk(vm)
    yard.snapshot("live", disk)
    name = disk.rsplit("/", 1)[-1]
    found = yard.refused(
        yard.wire("POST", f"{disk}/beginGetAccess", {"access": "Read", "durationInSeconds": 60})
    )
    assert found == (
        409,
        "Conflict",
        f"Access not permitted because disk {name} is currently attached to running VM {vm}.",
    )
    growth = yard.refused(yard.wire("PATCH", disk, {"properties": {"diskSizeGB": 64}}))
    assert growth[2].startswith(f"Cannot resize disk {name} while it is attached to running VM {vm}.")


def test_access_is_lent_and_taken_back(yard: Yard, compute: ComputeManagementClient) -> None:
    disk = yard.disk("disk")
    response = yard.wire("POST", f"{disk}/beginGetAccess", {"access": "Read", "durationInSeconds": 1800})
    assert (response.status_code, response.text) == (202, "")
    status = yard.done(response)
    sas = status["properties"]["output"]["accessSAS"]
    assert yard.wire("GET", response.headers["Location"]).json() == {"accessSAS": sas}
    assert sas.startswith("https://") and "sig=" in sas
    assert yard.get(disk)["properties"]["diskState"] == "ActiveSAS"
    found = yard.refused(yard.wire("DELETE", disk))
    assert found[:2] == (409, "OperationNotAllowed")
    assert "There is an active shared access signature outstanding for disk disk." in found[2]
    attach = {"osDisk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": disk}}}
    body = yard.machine_body(storageProfile=attach, osProfile=None)
    assert yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))[:2] == (
        409,
        "OperationNotAllowed",
    )
    compute.disks.begin_revoke_access(yard.name, "disk", polling_interval=0.05).result()
    assert yard.get(disk)["properties"]["diskState"] == "Unattached"
    yard.done(yard.wire("DELETE", disk))


@pytest.mark.parametrize("body", [{"access": "Peek", "durationInSeconds": 60}, {"access": "Read"}])
def test_bad_access_is_refused(yard: Yard, body: dict[str, Any]) -> None:
    found = yard.refused(yard.wire("POST", f"{yard.disk('disk')}/beginGetAccess", body))
    assert found[:2] == (400, "InvalidParameter")


def test_deleting_takes_the_content_and_is_204_afterwards(yard: Yard) -> None:
    before = set(yard.look()["contents"])
    disk = yard.disk("disk")
    response = yard.wire("DELETE", disk)
    assert response.status_code == 202
    assert yard.done(response)["status"] == "Succeeded"
    assert set(yard.look()["contents"]) == before
    assert yard.wire("DELETE", disk).status_code == 204
    assert yard.refused(yard.wire("GET", disk))[:2] == (404, "ResourceNotFound")


def test_a_data_disk_of_a_machine_says_whose_it_is(yard: Yard) -> None:
    data = [{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "data"}]
    vm = yard.machine(
        storageProfile={
            "imageReference": MARKETPLACE,
            "osDisk": {"createOption": "FromImage"},
            "dataDisks": data,
        }
    )
    assert yard.get(yard.path("disks", "data"))["managedBy"] == vm


def test_lists_show_what_is_there(yard: Yard, compute: ComputeManagementClient) -> None:
    disk = yard.disk("disk")
    yard.snapshot("snap", disk)
    assert [one.name for one in compute.disks.list_by_resource_group(yard.name)] == ["disk"]
    assert [one.name for one in compute.snapshots.list_by_resource_group(yard.name)] == ["snap"]
    assert disk.lower() in {(one.id or "").lower() for one in compute.disks.list()}
    assert yard.path("snapshots", "snap").lower() in {
        (one.id or "").lower() for one in compute.snapshots.list()
    }


def test_a_disk_that_grew_is_larger_for_its_machine_too(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    yard.done(yard.wire("PATCH", yard.os_disk(vm), {"properties": {"diskSizeGB": 64}}))
    assert yard.get(vm)["properties"]["storageProfile"]["osDisk"]["diskSizeGB"] == 64


def test_a_machine_does_not_start_while_a_disk_is_lent_out(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    disk = yard.os_disk(vm)
    yard.done(yard.wire("POST", f"{disk}/beginGetAccess", {"access": "Read", "durationInSeconds": 60}))
    assert "active shared access signature" in yard.refused(yard.act(vm, "start"))[2]
    yard.done(yard.wire("POST", f"{disk}/endGetAccess"))
    yard.done(yard.act(vm, "start"))


def test_a_second_operation_on_a_disk_is_refused(own_yard: Yard) -> None:
    own_yard.cloud.stop()
    own_yard.cloud.options = ("--scale", "5")  # a change of a disk takes half a second
    yard = reopened(own_yard)
    disk = yard.path("disks", "disk")
    first = yard.wire("PUT", disk, EMPTY)
    assert yard.refused(yard.wire("DELETE", disk))[:2] == (409, "AnotherOperationInProgress")
    yard.done(first)


BAD_CHANGES: list[tuple[dict[str, Any], int, str]] = [
    ({"properties": {"diskSizeGB": 0}}, 400, "The value 0 of parameter disk.diskSizeGB is out of range."),
    ({"properties": {"hyperVGeneration": "V1"}}, 409, "Changing property 'hyperVGeneration' is not allowed"),
    ({"zones": ["3"]}, 409, "Changing property 'zones' is not allowed for existing disk 'disk'."),
    ({"sku": {"name": "Fast"}}, 400, "The value 'Fast' of parameter 'sku.name' is not allowed."),
    ({"properties": "x"}, 400, "Error converting value \"x\" to type 'DiskProperties'."),
    (
        {"properties": {"diskSizeGb": 9}},
        400,
        "Could not find member 'diskSizeGb' on object of type 'DiskProperties'.",
    ),
]


def test_bad_changes_of_a_disk_are_refused_and_good_ones_are_not(yard: Yard) -> None:
    disk = yard.disk("disk")
    before = yard.get(disk)
    for change, status, text in BAD_CHANGES:
        found = yard.refused(yard.wire("PATCH", disk, change))
        assert (found[0], found[2][: len(text)]) == (status, text)
    assert yard.get(disk) == before
    good = {
        "sku": {"name": "Premium_LRS"},
        "properties": {"networkAccessPolicy": "DenyAll"},
        "tags": {"a": "b"},
    }
    yard.done(yard.wire("PATCH", disk, good))
    after = yard.get(disk)
    assert (after["sku"]["tier"], after["properties"]["networkAccessPolicy"]) == ("Premium", "DenyAll")
    assert after["tags"] == {"a": "b"}


def test_a_snapshot_stays_incremental_or_full_and_as_large_as_it_is(yard: Yard) -> None:
    snapshot = yard.snapshot("snap", yard.disk("disk"))
    for change in ({"incremental": True}, {"diskSizeGB": 64}):
        assert yard.refused(yard.wire("PATCH", snapshot, {"properties": change}))[:2] == (
            409,
            "PropertyChangeNotAllowed",
        )
