"""Restore points: all disks of a machine at one moment."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.machines import MARKETPLACE, Yard

CRASH: Any = {"properties": {"consistencyMode": "CrashConsistent"}}


@pytest.fixture
def vm(yard: Yard) -> str:
    """A running machine with two data disks."""
    data = [{"lun": lun, "createOption": "Empty", "diskSizeGB": 4, "name": f"d{lun}"} for lun in (0, 1)]
    disks = {
        "imageReference": MARKETPLACE,
        "osDisk": {"createOption": "FromImage", "name": "os"},
        "dataDisks": data,
    }
    return yard.machine(storageProfile=disks)


def collection(yard: Yard, vm: str, name: str = "points", location: str = "westeurope") -> Any:
    body = {"location": location, "properties": {"source": {"id": vm}}}
    return yard.wire("PUT", yard.path("restorePointCollections", name), body)


def test_a_collection_is_created_at_once(yard: Yard, vm: str) -> None:
    response = collection(yard, vm)
    assert response.status_code == 201
    properties = response.json()["properties"]
    assert properties["source"] == {"id": vm, "location": "westeurope"}
    assert properties["provisioningState"] == "Succeeded"
    assert collection(yard, vm).status_code == 200


def test_a_collection_is_in_the_machines_region(yard: Yard, vm: str) -> None:
    status, code, message = yard.refused(collection(yard, vm, location="eastus"))
    assert (status, code) == (400, "BadRequest")
    assert "must be in the same region as the source virtual machine" in message


def test_a_collection_of_no_machine_is_refused(yard: Yard) -> None:
    ghost = yard.path("virtualMachines", "ghost")
    assert yard.refused(collection(yard, ghost))[:2] == (400, "InvalidResourceReference")


def test_a_point_copies_all_disks_in_one_go(yard: Yard, vm: str, compute: ComputeManagementClient) -> None:
    collection(yard, vm)
    point = compute.restore_points.begin_create(
        yard.name, "points", "p1", CRASH, polling_interval=0.05
    ).result()
    assert (point.provisioning_state, point.consistency_mode) == ("Succeeded", "CrashConsistent")
    seen = yard.look()
    sources = [seen["content_of"][yard.path("disks", name).lower()] for name in ("os", "d0", "d1")]
    assert seen["copies"][-1] == sources, "one call for all, or they are not of one moment"
    metadata = point.source_metadata
    assert metadata is not None and metadata.storage_profile is not None
    assert metadata.vm_id == yard.get(vm)["properties"]["vmId"]
    assert metadata.os_profile is not None and metadata.os_profile.admin_username == "operator"
    assert [disk.lun for disk in metadata.storage_profile.data_disks or []] == [0, 1]


def test_a_point_shows_where_each_disk_lies(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    response = yard.wire("PUT", path, CRASH)
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Creating"
    yard.done(response)
    storage = yard.get(path)["properties"]["sourceMetadata"]["storageProfile"]
    for disk in (storage["osDisk"], *storage["dataDisks"]):
        found = yard.get(disk["diskRestorePoint"]["id"])
        assert found["properties"]["sourceResourceId"] == disk["managedDisk"]["id"]
        assert found["name"].startswith(disk["name"] + "_")
    assert len(yard.get(f"{path}/diskRestorePoints")["value"]) == 3
    assert len(yard.get(path.rsplit("/", 1)[0])["value"]) == 1


def test_an_excluded_disk_is_left_out(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    body = {"properties": CRASH["properties"] | {"excludeDisks": [{"id": yard.path("disks", "d1")}]}}
    yard.done(yard.wire("PUT", path, body))
    assert len(yard.get(f"{path}/diskRestorePoints")["value"]) == 2
    alien = {"properties": CRASH["properties"] | {"excludeDisks": [{"id": yard.disk("alien")}]}}
    found = yard.refused(yard.wire("PUT", path.replace("p1", "p2"), alien))
    assert found == (400, "InvalidParameter", "The value of parameter excludeDisks is invalid.")


def test_a_disk_is_restored_as_it_was(yard: Yard, vm: str) -> None:
    yard.write(yard.os_disk(vm), mark="before")
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    yard.done(yard.wire("PUT", path, CRASH))
    yard.write(yard.os_disk(vm), mark="after")
    os_point = yard.get(path)["properties"]["sourceMetadata"]["storageProfile"]["osDisk"]["diskRestorePoint"][
        "id"
    ]
    creation = {"createOption": "Restore", "sourceResourceId": os_point}
    disk = yard.path("disks", "restored")
    yard.done(yard.wire("PUT", disk, {"location": "westeurope", "properties": {"creationData": creation}}))
    assert yard.files(disk)["mark"] == "before"
    restored = yard.get(disk)["properties"]
    assert (restored["osType"], restored["hyperVGeneration"], restored["diskSizeGB"]) == ("Linux", "V2", 30)


def test_a_point_never_changes(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    yard.done(yard.wire("PUT", path, CRASH))
    assert yard.refused(yard.wire("PUT", path, CRASH))[:2] == (409, "Conflict")


def test_only_crash_consistency_may_be_asked_for_and_a_running_guest_is_not_said_to_be_quiesced(
    yard: Yard, vm: str
) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    asked = {"properties": {"consistencyMode": "ApplicationConsistent"}}
    assert yard.refused(yard.wire("PUT", path, asked))[:2] == (400, "InvalidParameter")
    assert yard.refused(yard.wire("PUT", path, {"properties": {}}))[:2] == (501, "NotImplemented")
    yard.bring(vm, "deallocated")
    yard.done(yard.wire("PUT", path, {"properties": {}}))
    assert yard.get(path)["properties"]["consistencyMode"] == "FileSystemConsistent"


def test_a_collection_goes_with_its_points_and_their_copies(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    before = set(yard.look()["contents"])
    path = yard.path("restorePointCollections", "points")
    yard.done(yard.wire("PUT", f"{path}/restorePoints/p1", CRASH))
    assert len(yard.look()["contents"]) == len(before) + 3
    yard.done(yard.wire("DELETE", path))
    assert set(yard.look()["contents"]) == before
    assert yard.wire("GET", f"{path}/restorePoints/p1").status_code == 404
    assert yard.wire("DELETE", path).status_code == 204


def test_points_are_listed_with_their_collection(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points")
    yard.done(yard.wire("PUT", f"{path}/restorePoints/p1", CRASH))
    expanded = yard.get(path, **{"$expand": "restorePoints"})["properties"]["restorePoints"]
    assert [point["name"] for point in expanded] == ["p1"]
    assert "restorePoints" not in yard.get(path)["properties"]
    here = yard.get(f"{yard.group}/providers/Microsoft.Compute/restorePointCollections")["value"]
    assert [one["name"] for one in here] == ["points"]


def test_a_machine_may_go_and_its_points_stay(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points") + "/restorePoints/p1"
    yard.done(yard.wire("PUT", path, CRASH))
    yard.done(yard.wire("DELETE", vm))
    assert yard.get(path)["properties"]["provisioningState"] == "Succeeded"


def test_a_point_in_no_collection_names_the_missing_parent(yard: Yard) -> None:
    path = yard.path("restorePointCollections", "ghost") + "/restorePoints/p1"
    assert yard.refused(yard.wire("PUT", path, CRASH))[:2] == (404, "ParentResourceNotFound")


def test_the_groups_resources_show_the_collection_and_not_its_insides(yard: Yard, vm: str) -> None:
    collection(yard, vm)
    path = yard.path("restorePointCollections", "points")
    yard.done(yard.wire("PUT", f"{path}/restorePoints/p1", CRASH))
    kinds = [
        one["type"] for one in yard.get(f"{yard.group}/resources", **{"api-version": "2021-04-01"})["value"]
    ]
    assert "Microsoft.Compute/restorePointCollections" in kinds
    assert not [kind for kind in kinds if "restorePoints" in kind]
