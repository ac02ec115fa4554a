"""Managed images: their own copies of all disks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localazure.machines import MARKETPLACE, Yard, os_profile


def from_vm(vm: str, generation: str = "V2") -> dict[str, Any]:
    return {
        "location": "westeurope",
        "properties": {"sourceVirtualMachine": {"id": vm}, "hyperVGeneration": generation},
    }


def generalized(yard: Yard, name: str = "source") -> str:
    data = [{"lun": 2, "createOption": "Empty", "diskSizeGB": 4, "name": f"{name}-data"}]
    disks = {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"}, "dataDisks": data}
    vm = yard.machine(name, storageProfile=disks)
    yard.write(yard.path("disks", f"{name}-data"), payload="kept")
    yard.write(yard.os_disk(vm), mark="source")
    yard.bring(vm, "generalized")
    return vm


def test_an_image_of_a_generalized_machine_has_all_its_disks(yard: Yard) -> None:
    vm = generalized(yard)
    path = yard.path("images", "image")
    response = yard.wire("PUT", path, from_vm(vm))
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert "Location" not in response.headers
    yard.done(response)
    properties = yard.get(path)["properties"]
    assert set(properties) == {
        "sourceVirtualMachine",
        "storageProfile",
        "provisioningState",
        "hyperVGeneration",
    }
    storage = properties["storageProfile"]
    assert (storage["osDisk"]["osType"], storage["osDisk"]["osState"]) == ("Linux", "Generalized")
    assert [one["lun"] for one in storage["dataDisks"]] == [2]
    assert storage["zoneResilient"] is False


def test_machines_of_an_image_are_independent_of_the_source(yard: Yard) -> None:
    vm = generalized(yard)
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, from_vm(vm)))
    yard.done(yard.wire("DELETE", vm))
    yard.done(yard.wire("DELETE", yard.path("disks", "source-data")))
    new = yard.machine(
        "new",
        storageProfile={"imageReference": {"id": path}, "osDisk": {"createOption": "FromImage"}},
        osProfile=os_profile("other"),
    )
    storage = yard.get(new)["properties"]["storageProfile"]
    assert yard.files(storage["osDisk"]["managedDisk"]["id"])["mark"] == "source"
    assert yard.files(storage["osDisk"]["managedDisk"]["id"])["user"] == "other"
    (data,) = storage["dataDisks"]
    assert data["lun"] == 2, "the image's data disk comes along although nobody asked for it"
    assert yard.files(data["managedDisk"]["id"])["payload"] == "kept"


def test_an_image_of_a_snapshot_has_the_recorded_shape(yard: Yard) -> None:
    snapshot = yard.snapshot("snap", yard.disk("disk", diskSizeGB=20))
    body = {
        "location": "westeurope",
        "properties": {
            "storageProfile": {
                "osDisk": {"snapshot": {"id": snapshot}, "osType": "Linux", "osState": "Generalized"},
                "zoneResilient": False,
            },
            "hyperVGeneration": "V1",
        },
    }
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, body))
    assert yard.get(path)["properties"] == {
        "storageProfile": {
            "osDisk": {
                "osType": "Linux",
                "osState": "Generalized",
                "diskSizeGB": 20,
                "snapshot": {"id": snapshot},
                "caching": "None",
                "storageAccountType": "Standard_LRS",
            },
            "dataDisks": [],
            "zoneResilient": False,
        },
        "provisioningState": "Succeeded",
        "hyperVGeneration": "V1",
    }


def test_the_generation_must_fit_when_a_machine_is_made(yard: Yard) -> None:
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, from_vm(generalized(yard), "V2")))
    body = yard.machine_body(
        storageProfile={"imageReference": {"id": path}, "osDisk": {"createOption": "FromImage"}},
        hardwareProfile={"vmSize": "Standard_A1_v2"},
    )
    assert (
        "cannot boot Hypervisor Generation '2'"
        in yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))[2]
    )


def test_a_specialized_image_forbids_an_os_profile(yard: Yard) -> None:
    vm = yard.machine("source")
    disk = {"managedDisk": {"id": yard.os_disk(vm)}, "osType": "Linux", "osState": "Specialized"}
    body = {
        "location": "westeurope",
        "properties": {"storageProfile": {"osDisk": disk}, "hyperVGeneration": "V2"},
    }
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, body))
    reference = {"imageReference": {"id": path}, "osDisk": {"createOption": "FromImage"}}
    created = yard.machine_body(storageProfile=reference)
    target = yard.path("virtualMachines", "copy")
    assert yard.refused(yard.wire("PUT", target, created))[2] == "Parameter 'osProfile' is not allowed."
    copy = yard.machine("copy", storageProfile=reference, osProfile=None)
    assert yard.guest(copy)["dvd"] is False


def test_an_image_that_goes_takes_its_copies_and_leaves_its_machines(yard: Yard) -> None:
    vm = generalized(yard)
    before = set(yard.look()["contents"])
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, from_vm(vm)))
    assert len(yard.look()["contents"]) == len(before) + 2
    yard.done(yard.wire("DELETE", path))
    assert set(yard.look()["contents"]) == before
    assert yard.wire("GET", path).status_code == 404


def test_tags_change_by_patch_and_the_source_never_does(yard: Yard) -> None:
    vm = generalized(yard)
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, from_vm(vm)))
    response = yard.wire("PATCH", path, {"tags": {"department": "HR"}})
    assert response.status_code == 200
    assert response.json()["properties"]["provisioningState"] == "Updating"
    yard.done(response)
    assert yard.get(path)["tags"] == {"department": "HR"}
    other = from_vm(yard.machine("other"))
    assert yard.refused(yard.wire("PUT", path, other))[:2] == (409, "PropertyChangeNotAllowed")


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({}, "Required parameter 'storageProfile.osDisk' is missing (null)."),
        ({"storageProfile": {"osDisk": {"osState": "Generalized"}}}, "Required parameter 'osDisk.osType'"),
        ({"hyperVGeneration": "V3"}, "The value of parameter hyperVGeneration is invalid."),
        ({"sourceVirtualMachine": {"id": "vm"}}, "Id vm is not a valid resource reference."),
    ],
)
def test_a_bad_image_is_refused(yard: Yard, properties: dict[str, Any], text: str) -> None:
    path = yard.path("images", "image")
    found = yard.refused(yard.wire("PUT", path, {"location": "westeurope", "properties": properties}))
    assert found[:2] == (400, "InvalidParameter")
    assert found[2].startswith(text)
    assert yard.wire("GET", path).status_code == 404


def test_lists_show_images_of_group_and_subscription(yard: Yard) -> None:
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, from_vm(generalized(yard))))
    for scope in (yard.group, f"/subscriptions/{yard.cloud.subscription}"):
        found = yard.get(f"{scope}/providers/Microsoft.Compute/images")["value"]
        assert path.lower() in {one["id"].lower() for one in found}


def test_an_image_is_made_of_disks_at_their_luns(yard: Yard) -> None:
    first, second = yard.disk("first"), yard.disk("second", diskSizeGB=4)
    yard.write(second, payload="data")
    disks = {
        "osDisk": {"managedDisk": {"id": first}, "osType": "Linux", "osState": "Generalized"},
        "dataDisks": [{"lun": 6, "managedDisk": {"id": second}, "caching": "ReadOnly"}],
    }
    body = {"location": "westeurope", "properties": {"storageProfile": disks, "hyperVGeneration": "V2"}}
    path = yard.path("images", "image")
    yard.done(yard.wire("PUT", path, body))
    (shown,) = yard.get(path)["properties"]["storageProfile"]["dataDisks"]
    assert (shown["lun"], shown["diskSizeGB"], shown["caching"]) == (6, 4, "ReadOnly")
    reference = {"imageReference": {"id": path}, "osDisk": {"createOption": "FromImage"}}
    mine = [{"lun": 6, "createOption": "FromImage", "name": "mine", "deleteOption": "Delete"}]
    vm = yard.machine(storageProfile=reference | {"dataDisks": mine})
    (disk,) = yard.get(vm)["properties"]["storageProfile"]["dataDisks"]
    assert (disk["name"], disk["deleteOption"]) == ("mine", "Delete")
    assert yard.files(yard.path("disks", "mine"))["payload"] == "data"
    other = yard.machine_body(
        storageProfile=reference | {"dataDisks": [{"lun": 5, "createOption": "FromImage"}]}
    )
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "other"), other))
    assert found[2].startswith("The image has no data disk at LUN 5")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([{}], "Required parameter 'dataDisk.lun' is missing (null)."),
        ([{"lun": 1}, {"lun": 1}], "A disk at LUN 1 already exists."),
        ([{"lun": 1, "blobUri": "https://x"}], "The local Azure does not implement images from blobs."),
        ([{"lun": 1, "managedDisk": {"id": "x"}}], "Id x is not a valid resource reference."),
    ],
)
def test_bad_data_disks_of_an_image_are_refused(yard: Yard, data: list[dict[str, Any]], text: str) -> None:
    source = {"managedDisk": {"id": yard.disk("disk")}}
    given = [source | one for one in data]
    disks = {"osDisk": source | {"osType": "Linux", "osState": "Generalized"}, "dataDisks": given}
    body = {"location": "westeurope", "properties": {"storageProfile": disks}}
    found = yard.refused(yard.wire("PUT", yard.path("images", "image"), body))
    assert found[2] == text


def test_what_no_image_has_is_refused_when_a_machine_is_made(yard: Yard) -> None:
    path, sub = yard.path("virtualMachines", "vm"), yard.cloud.subscription
    ghosts: list[tuple[dict[str, Any], int, str]] = [
        ({"id": yard.path("images", "ghost")}, 400, "InvalidResourceReference"),
        ({"id": yard.path("galleries", "ghost") + "/images/x"}, 404, "GalleryImageNotFound"),
        ({"id": yard.path("galleries", "ghost") + "/images/x/versions/1.0.0"}, 404, "GalleryImageNotFound"),
        ({"id": yard.path("disks", "ghost")}, 400, "InvalidParameter"),
        ({"id": "image"}, 400, "InvalidParameter"),
        ({"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"}, 400, "InvalidParameter"),
        ({"communityGalleryImageId": f"/CommunityGalleries/x/{sub}"}, 501, "NotImplemented"),
    ]
    for reference, status, code in ghosts:
        storage = {"imageReference": reference, "osDisk": {"createOption": "FromImage"}}
        found = yard.refused(yard.wire("PUT", path, yard.machine_body(storageProfile=storage)))
        assert found[:2] == (status, code), reference
