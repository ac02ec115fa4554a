"""Image versions: what they are made of, where they are, which is the latest, when they may go."""

from __future__ import annotations

import time
from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.disks.lives import reopened
from tests.localazure.galleries.shelves import body, definition, gallery, source, version
from tests.localazure.machines import Yard, os_profile


def machine_of(reference: str, location: str = "westeurope", **more: Any) -> dict[str, Any]:
    return {
        "storageProfile": {"imageReference": {"id": reference}, "osDisk": {"createOption": "FromImage"}},
        "osProfile": os_profile("other"),
    } | more


def test_a_version_of_a_machine_has_all_its_disks_and_outlives_it(
    yard: Yard, compute: ComputeManagementClient
) -> None:
    image, vm = definition(yard, gallery(yard)), source(yard)
    path = f"{image}/versions/1.0.0"
    response = yard.wire("PUT", path, body(vm))
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert "/capsOperations/" in response.headers["Azure-AsyncOperation"]
    yard.done(response)
    yard.done(yard.wire("DELETE", vm))
    yard.done(yard.wire("DELETE", yard.path("disks", "source-data")))
    storage = yard.get(path)["properties"]["storageProfile"]
    assert storage["osDiskImage"] == {"sizeInGB": 30, "hostCaching": "ReadWrite"}
    assert storage["dataDiskImages"] == [{"lun": 1, "hostCaching": "None", "sizeInGB": 4}]
    new = yard.get(yard.machine("new", **machine_of(path)))
    reference = new["properties"]["storageProfile"]["imageReference"]
    assert reference == {"id": path, "exactVersion": "1.0.0"}
    assert yard.files(yard.os_disk(new["id"]))["mark"] == "source"
    (data,) = new["properties"]["storageProfile"]["dataDisks"]
    assert (data["lun"], yard.files(data["managedDisk"]["id"])["payload"]) == (1, "source")


def test_a_version_of_a_snapshot_has_the_recorded_shape(yard: Yard) -> None:
    snapshot = yard.snapshot("snap", yard.disk("disk", diskSizeGB=200))
    storage = {"osDiskImage": {"hostCaching": "ReadOnly", "source": {"id": snapshot}}}
    regions = [{"name": "West Europe", "regionalReplicaCount": 2, "storageAccountType": "Standard_ZRS"}]
    path = f"{definition(yard, gallery(yard))}/versions/1.0.0"
    response = yard.wire("PUT", path, body(storage=storage, targetRegions=regions))
    assert response.json()["properties"]["storageProfile"] == storage, "sizes are shown once it is complete"
    yard.done(response)
    properties = yard.get(path)["properties"]
    assert set(properties) == {"publishingProfile", "storageProfile", "provisioningState"}
    published = properties["publishingProfile"].pop("publishedDate")
    assert published.startswith("20")
    assert properties["publishingProfile"] == {
        "targetRegions": regions,
        "replicaCount": 1,
        "excludeFromLatest": False,
        "storageAccountType": "Standard_LRS",
    }
    assert properties["storageProfile"]["osDiskImage"] == {
        "sizeInGB": 200,
        "hostCaching": "ReadOnly",
        "source": {"id": snapshot},
    }


def test_the_state_of_the_source_must_be_the_definitions(yard: Yard) -> None:
    shelf = gallery(yard)
    general = definition(yard, shelf, "general")
    special = definition(
        yard,
        shelf,
        "special",
        osState="Specialized",
        identifier={"publisher": "us", "offer": "x", "sku": "y"},
    )
    fresh, done = source(yard, "fresh", generalized=False), source(yard, "done")
    for image, vm, parent, theirs in (
        (general, fresh, "Generalized", "Specialized"),
        (special, done, "Specialized", "Generalized"),
    ):
        found = yard.refused(yard.wire("PUT", f"{image}/versions/1.0.0", body(vm)))
        assert found[2] == (
            f"Cannot create Gallery Image Version from: {vm} since the OS State in the parent gallery image "
            f"({parent}) is not {theirs}."
        )
    yard.done(yard.wire("PUT", f"{special}/versions/1.0.0", body(fresh)))
    refused = yard.machine_body(**machine_of(f"{special}/versions/1.0.0"))
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "copy"), refused))
    assert found[2] == "Parameter 'osProfile' is not allowed."


def test_generation_and_system_must_be_the_definitions(yard: Yard) -> None:
    shelf, vm = gallery(yard), source(yard)
    first = definition(yard, shelf, "first", hyperVGeneration="V1")
    found = yard.refused(yard.wire("PUT", f"{first}/versions/1.0.0", body(vm)))
    assert found[2] == (
        f"The resource with id '{vm}' has a different Hypervisor generation ['V2'] than the parent gallery "
        "image "
        "Hypervisor generation ['V1']"
    )
    identifier = {"publisher": "us", "offer": "windows", "sku": "2025"}
    windows = definition(yard, shelf, "windows", osType="Windows", identifier=identifier)
    found = yard.refused(yard.wire("PUT", f"{windows}/versions/1.0.0", body(vm)))
    assert (
        "has a different OS type ['Linux'] than the parent gallery image OS type generation ['Windows']"
        in found[2]
    )


@pytest.mark.parametrize("name", ["1", "1.0", "1.0.0.0", "v1.0.0", "1.0.x", "1.0.99999999999"])
def test_a_version_is_three_numbers(yard: Yard, name: str) -> None:
    image = definition(yard, gallery(yard))
    found = yard.refused(yard.wire("PUT", f"{image}/versions/{name}", body("/subscriptions/x")))
    assert found[2].startswith("The image version name is invalid.")


def bad_sources(yard: Yard) -> dict[str, tuple[dict[str, Any], str]]:
    disk, ghost = yard.disk("disk"), yard.path("virtualMachines", "ghost")
    os_disk = {"source": {"id": disk}}
    second = {"source": {"id": yard.disk("second")}}
    return {
        "none": ({}, "The gallery artifact version source can only be specified either directly"),
        "two kinds": (
            {"source": {"virtualMachineId": ghost}, "osDiskImage": os_disk},
            "The gallery artifact version source can only be specified either directly",
        ),
        "no id": (
            {"source": {"id": "vm"}},
            "Property id vm at path 'properties.storageProfile.source.id' is invalid.",
        ),
        "wrong kind": ({"source": {"id": disk}}, f"The source id: {disk} must either be a managed image,"),
        "wrong disk": (
            {"osDiskImage": {"source": {"id": ghost}}},
            f"The source id: {ghost} must be a managed disk",
        ),
        "not there": ({"source": {"virtualMachineId": ghost}}, f"Source {ghost} is not found."),
        "one disk twice": (
            {"osDiskImage": os_disk, "dataDiskImages": [{"lun": 0} | os_disk]},
            f"OSDiskImage and DataDiskImage cannot point to same blob {disk}",
        ),
        "one lun twice": (
            {"osDiskImage": os_disk, "dataDiskImages": [{"lun": 0} | second, {"lun": 0} | second]},
            "Duplicated lun numbers have been detected in the input data disks.",
        ),
        "one source twice": (
            {"osDiskImage": os_disk, "dataDiskImages": [{"lun": 0} | second, {"lun": 1} | second]},
            "Duplicated source ids are found in the input disks.",
        ),
    }


def test_bad_sources_are_refused_in_azures_words_and_leave_nothing(yard: Yard) -> None:
    path = f"{definition(yard, gallery(yard))}/versions/1.0.0"
    for storage, text in bad_sources(yard).values():
        found = yard.refused(yard.wire("PUT", path, body(storage=storage)))
        assert found[2].startswith(text)
        assert yard.wire("GET", path).status_code == 404


PUBLISHING: list[tuple[dict[str, Any], str]] = [
    (
        {"targetRegions": [{"name": "East US"}]},
        "Gallery image version publishing profile regions East US must contain the location of image version "
        "West Europe",
    ),
    (
        {"targetRegions": [{"name": "westeurope"}, {"name": "West Europe"}]},
        "Duplicate regions are not allowed in target publishing regions.",
    ),
    ({"targetRegions": [{"name": "Atlantis"}]}, "The provided location 'Atlantis' is not available"),
    (
        {"replicaCount": 1000},
        "The value 1000 of parameter galleryImageVersion.properties.publishingProfile.replicaCount",
    ),
    ({"endOfLifeDate": "2020-01-01T00:00:00Z"}, "EndOfLifeDate must be set to a future date."),
]


@pytest.mark.parametrize(("publishing", "text"), PUBLISHING, ids=[text[:50] for _, text in PUBLISHING])
def test_bad_publishing_is_refused(yard: Yard, publishing: dict[str, Any], text: str) -> None:
    storage = {"osDiskImage": {"source": {"id": yard.disk("disk")}}}
    path = f"{definition(yard, gallery(yard))}/versions/1.0.0"
    found = yard.refused(yard.wire("PUT", path, body(storage=storage, **publishing)))
    assert found[2].startswith(text)
    assert yard.wire("GET", path).status_code == 404


def test_latest_is_the_highest_number_that_is_not_excluded(yard: Yard) -> None:
    image, vm = definition(yard, gallery(yard)), source(yard)
    for name in ("1.9.0", "1.10.0"):
        version(yard, image, name, vm=vm)
    version(yard, image, "2.0.0", vm=vm, excludeFromLatest=True)
    new = yard.get(yard.machine("new", **machine_of(image)))
    assert new["properties"]["storageProfile"]["imageReference"] == {"id": image, "exactVersion": "1.10.0"}
    for name in ("1.9.0", "1.10.0"):
        excluded = {"properties": {"publishingProfile": {"excludeFromLatest": True}}}
        yard.done(yard.wire("PATCH", f"{image}/versions/{name}", excluded))
    made = yard.machine_body(**machine_of(image))
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "newer"), made))
    assert (found[0], found[2]) == (404, f'There is no latest image version exists for "{image}"')
    yard.machine("exact", **machine_of(f"{image}/versions/2.0.0"))


def test_a_version_is_used_only_where_it_is(yard: Yard) -> None:
    path = version(yard, definition(yard, gallery(yard)))
    disk = {
        "location": "eastus",
        "properties": {"creationData": {"createOption": "FromImage", "galleryImageReference": {"id": path}}},
    }
    found = yard.refused(yard.wire("PUT", yard.path("disks", "away"), disk))
    assert found[1] == "GalleryImageNotFound"
    assert found[2].startswith(f"The gallery image {path} is not available in eastus region.")
    regions = [{"name": "West Europe"}, {"name": "East US"}]
    yard.done(yard.wire("PATCH", path, {"properties": {"publishingProfile": {"targetRegions": regions}}}))
    yard.done(yard.wire("PUT", yard.path("disks", "away"), disk))
    assert yard.get(yard.path("disks", "away"))["location"] == "eastus"


def test_a_disk_of_a_data_disk_of_a_version(yard: Yard) -> None:
    path = version(yard, definition(yard, gallery(yard)), vm=source(yard, "origin"))
    for lun, expected in ((1, 202), (7, 400)):
        creation = {"createOption": "FromImage", "galleryImageReference": {"id": path, "lun": lun}}
        given = {"location": "westeurope", "properties": {"creationData": creation}}
        response = yard.wire("PUT", yard.path("disks", f"lun{lun}"), given)
        assert response.status_code == expected
        if expected == 202:
            yard.done(response)
    assert yard.files(yard.path("disks", "lun1"))["payload"] == "origin"


def test_a_version_of_a_version_and_of_an_image(yard: Yard) -> None:
    shelf, vm = gallery(yard), source(yard)
    image = definition(yard, shelf)
    first = version(yard, image, "1.0.0", vm=vm)
    second = version(yard, image, "1.0.1", storage={"source": {"id": first}}, vm=vm)
    managed = yard.path("images", "managed")
    given = {
        "location": "westeurope",
        "properties": {"sourceVirtualMachine": {"id": vm}, "hyperVGeneration": "V2"},
    }
    yard.done(yard.wire("PUT", managed, given))
    third = version(yard, image, "1.0.2", storage={"source": {"id": managed}}, vm=vm)
    yard.done(yard.wire("DELETE", first))
    yard.done(yard.wire("DELETE", managed))
    for number, path in enumerate((second, third)):
        new = yard.machine(f"new{number}", **machine_of(path))
        assert yard.files(yard.os_disk(new))["mark"] == "source"


def test_the_source_of_a_version_never_changes_and_repeating_it_is_fine(yard: Yard) -> None:
    vm = source(yard)
    path = version(yard, definition(yard, gallery(yard)), vm=vm)
    again = yard.wire("PUT", path, body(vm, replicaCount=3))
    assert again.status_code == 200
    assert again.json()["properties"]["provisioningState"] == "Updating"
    yard.done(again)
    assert yard.get(path)["properties"]["publishingProfile"]["replicaCount"] == 3
    found = yard.refused(yard.wire("PUT", path, body(yard.machine("other"))))
    assert found[:2] == (409, "PropertyChangeNotAllowed")
    assert found[2].startswith("Changing property 'galleryImageVersion.properties.storageProfile.source")


def test_a_region_that_must_stay_stays(yard: Yard) -> None:
    regions = [{"name": "West Europe"}, {"name": "East US"}]
    path = version(yard, definition(yard, gallery(yard)), targetRegions=regions)
    home = {"properties": {"publishingProfile": {"targetRegions": regions[1:]}}}
    assert "must contain the location" in yard.refused(yard.wire("PATCH", path, home))[2]
    kept = {"properties": {"safetyProfile": {"allowDeletionOfReplicatedLocations": False}}}
    yard.done(yard.wire("PATCH", path, kept))
    fewer = {"properties": {"publishingProfile": {"targetRegions": regions[:1]}}}
    assert yard.refused(yard.wire("PATCH", path, fewer))[:2] == (409, "OperationNotAllowed")
    free = {"properties": {"safetyProfile": {"allowDeletionOfReplicatedLocations": True}}}
    yard.done(yard.wire("PATCH", path, free))
    yard.done(yard.wire("PATCH", path, fewer))
    names = [one["name"] for one in yard.get(path)["properties"]["publishingProfile"]["targetRegions"]]
    assert names == ["West Europe"]


def test_a_definition_goes_after_its_versions(yard: Yard) -> None:
    image = definition(yard, gallery(yard))
    path = version(yard, image)
    assert yard.refused(yard.wire("DELETE", image))[:2] == (409, "CannotDeleteResource")
    before = len(yard.look()["contents"])
    response = yard.wire("DELETE", path)
    assert response.status_code == 202
    yard.done(response)
    assert len(yard.look()["contents"]) == before - 2, "the copies of OS disk and data disk go with it"
    yard.done(yard.wire("DELETE", image))


def test_a_version_may_be_kept_until_its_end_of_life(yard: Yard) -> None:
    path = version(yard, definition(yard, gallery(yard)), endOfLifeDate="2099-01-01T00:00:00Z")
    safety = {"properties": {"safetyProfile": {"blockDeletionBeforeEndOfLife": True}}}
    yard.done(yard.wire("PATCH", path, safety))
    found = yard.refused(yard.wire("DELETE", path))
    assert found[:2] == (409, "DeleteGalleryImageVersionBlockedBeforeEndOfLife")
    assert yard.get(path)["properties"]["provisioningState"] == "Succeeded"


def test_a_softly_deleted_version_is_listed_and_comes_back(yard: Yard) -> None:
    shelf = gallery(yard, softDeletePolicy={"isSoftDeleteEnabled": True})
    image, vm = definition(yard, shelf), source(yard)
    path = version(yard, image, vm=vm)
    yard.done(yard.wire("DELETE", path))
    assert yard.wire("GET", path).status_code == 404
    assert yard.get(f"{image}/versions")["value"] == []
    listed = yard.get(f"{shelf}/softdeletedartifacttypes/Images/artifacts/debian/versions")["value"]
    assert [one["name"] for one in listed] == ["1.0.0"]
    yard.done(yard.wire("PATCH", path, {"properties": {"restore": True, "storageProfile": {}}}))
    assert yard.get(path)["properties"]["provisioningState"] == "Succeeded"
    yard.done(yard.wire("DELETE", path, bypassSoftDelete="true"))
    assert yard.get(f"{shelf}/softdeletedartifacttypes/Images/artifacts/debian/versions")["value"] == []


def test_replication_status_names_every_region(yard: Yard, compute: ComputeManagementClient) -> None:
    shelf = gallery(yard)
    version(yard, definition(yard, shelf), targetRegions=[{"name": "westeurope"}, {"name": "eastus"}])
    found = compute.gallery_image_versions.get(
        yard.name, shelf.rsplit("/", 1)[-1], "debian", "1.0.0", expand="ReplicationStatus"
    )
    status = found.replication_status
    assert status is not None and status.aggregated_state == "Completed"
    assert [(one.region, one.state, one.progress) for one in status.summary or []] == [
        ("West Europe", "Completed", 100),
        ("East US", "Completed", 100),
    ]


def test_replicas_grow_over_time_at_home_first(own_yard: Yard) -> None:
    yard = own_yard
    yard.cloud.stop()
    yard.cloud.options = ("--scale", "0.005")  # 1.2 seconds at home, 0.6 in each further region
    yard = reopened(yard)
    image = definition(yard, gallery(yard))
    storage = {"osDiskImage": {"source": {"id": yard.disk("disk")}}}
    path = f"{image}/versions/1.0.0"
    regions = [{"name": "West Europe"}, {"name": "East US"}]
    creation = yard.wire("PUT", path, body(storage=storage, targetRegions=regions))
    seen: list[tuple[int, int]] = []
    while yard.get(path)["properties"]["provisioningState"] == "Creating":
        status = yard.get(path, **{"$expand": "ReplicationStatus"})["properties"]["replicationStatus"]
        progress = tuple(one["progress"] for one in status["summary"])
        seen.append((progress[0], progress[1]))
        assert status["aggregatedState"] in ("InProgress", "Completed")
        time.sleep(0.1)
    yard.done(creation)
    assert any(0 < home < 100 and away == 0 for home, away in seen)
    assert any(home == 100 and 0 < away < 100 for home, away in seen)
    assert all(home == 100 or away == 0 for home, away in seen)


def test_a_data_disk_that_is_too_large_fails_the_replication(yard: Yard) -> None:
    storage = {
        "osDiskImage": {"source": {"id": yard.disk("small")}},
        "dataDiskImages": [{"lun": 0, "source": {"id": yard.disk("large", diskSizeGB=4096)}}],
    }
    path = f"{definition(yard, gallery(yard))}/versions/1.0.0"
    error = yard.failed(yard.wire("PUT", path, body(storage=storage)))
    assert "resource size 4096 exceeds the max size 2048 supported." in error["message"]
    found = yard.get(path, **{"$expand": "ReplicationStatus"})["properties"]
    assert found["provisioningState"] == "Failed"
    assert found["replicationStatus"]["summary"][0]["state"] == "Failed"
    yard.done(yard.wire("DELETE", path))


def test_a_machine_of_a_planned_definition_needs_the_plan(yard: Yard) -> None:
    plan = {"name": "standard", "publisher": "us", "product": "thing"}
    path = version(yard, definition(yard, gallery(yard), purchasePlan=plan))
    made, target = yard.machine_body(**machine_of(path)), yard.path("virtualMachines", "planned")
    found = yard.refused(yard.wire("PUT", target, made))
    assert found[:2] == (400, "VMMarketplaceInvalidInput")
    assert found[2].startswith("Creating a virtual machine from Marketplace image requires Plan information")
    yard.done(yard.wire("PUT", target, made | {"plan": plan}))


def test_trusted_launch_definitions_ask_for_trusted_launch(yard: Yard) -> None:
    shelf = gallery(yard)
    feature = [{"name": "SecurityType", "value": "TrustedLaunchSupported"}]
    supported = definition(yard, shelf, "supported", features=feature)
    vm = source(yard)
    found = yard.refused(yard.wire("PUT", f"{supported}/versions/1.0.0", body(vm)))
    assert found[2].startswith(
        f"The security type 'TrustedLaunchSupported' is not supported for the source id '{vm}'."
    )
    only = [{"name": "SecurityType", "value": "TrustedLaunch"}]
    identifier = {"publisher": "us", "offer": "trusted", "sku": "only"}
    path = version(yard, definition(yard, shelf, "only", features=only, identifier=identifier), vm=vm)
    target = yard.path("virtualMachines", "trusted")
    found = yard.refused(yard.wire("PUT", target, yard.machine_body(**machine_of(path))))
    assert found[2].startswith("The provided gallery image only supports creation of VMs and VM Scale Sets")
    launch = {"securityProfile": {"securityType": "TrustedLaunch"}}
    yard.done(yard.wire("PUT", target, yard.machine_body(**machine_of(path), **launch)))


def test_a_group_that_goes_takes_versions_and_copies_along(yard: Yard) -> None:
    before = set(yard.look()["contents"])
    version(yard, definition(yard, gallery(yard)))
    assert len(yard.look()["contents"]) > len(before)
    yard.wire("DELETE", yard.group)
    deadline = time.monotonic() + 20
    while yard.wire("GET", yard.group).status_code != 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert set(yard.look()["contents"]) == before


def test_a_version_needs_its_definition(yard: Yard) -> None:
    path = f"{gallery(yard)}/images/ghost/versions/1.0.0"
    found = yard.refused(yard.wire("PUT", path, body(yard.path("virtualMachines", "vm"))))
    assert found[:2] == (404, "ParentResourceNotFound")


def test_a_machine_that_changes_is_no_source(yard: Yard) -> None:
    image = definition(yard, gallery(yard))
    yard.behave("busy", provisioning="silent", agent="silent")
    yard.wire("PUT", yard.path("virtualMachines", "busy"), yard.machine_body())
    found = yard.refused(
        yard.wire("PUT", f"{image}/versions/1.0.0", body(yard.path("virtualMachines", "busy")))
    )
    assert found[:2] == (409, "OperationNotAllowed")
    assert found[2].endswith("since another operation is in progress.")


def test_how_a_version_is_kept_is_fixed(yard: Yard) -> None:
    path = version(yard, definition(yard, gallery(yard)))
    for change in ({"storageAccountType": "Premium_LRS"}, {"replicationMode": "Shallow"}):
        found = yard.refused(yard.wire("PATCH", path, {"properties": {"publishingProfile": change}}))
        assert found[:2] == (409, "PropertyChangeNotAllowed")


def test_data_disks_of_a_version_are_fixed(yard: Yard) -> None:
    storage = {
        "osDiskImage": {"source": {"id": yard.disk("os")}},
        "dataDiskImages": [{"lun": 0, "source": {"id": yard.disk("data")}}],
    }
    path = f"{definition(yard, gallery(yard))}/versions/1.0.0"
    yard.done(yard.wire("PUT", path, body(storage=storage)))
    yard.done(yard.wire("PUT", path, body(storage=storage)))
    more = {"dataDiskImages": [{"lun": 1, "source": {"id": yard.disk("more")}}]}
    found = yard.refused(yard.wire("PUT", path, body(storage=storage | more)))
    assert found[2].startswith("Adding new Data Disks or changing the LUN of a Data Disk")
    other = {"osDiskImage": {"source": {"id": yard.disk("other")}}}
    found = yard.refused(yard.wire("PUT", path, body(storage=storage | other)))
    assert found[2].endswith("storageProfile.osDiskImage.source.id' is not allowed.")


def test_blobs_and_customers_keys_are_not_pretended(yard: Yard) -> None:
    path, disk = f"{definition(yard, gallery(yard))}/versions/1.0.0", yard.disk("disk")
    blob = {"osDiskImage": {"source": {"uri": "https://x/y.vhd", "storageAccountId": "x"}}}
    assert yard.refused(yard.wire("PUT", path, body(storage=blob)))[0] == 501
    keys = [{"name": "westeurope", "encryption": {"osDiskImage": {"diskEncryptionSetId": "x"}}}]
    given = body(storage={"osDiskImage": {"source": {"id": disk}}}, targetRegions=keys)
    assert yard.refused(yard.wire("PUT", path, given))[0] == 501
