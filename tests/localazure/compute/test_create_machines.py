"""Creating machines: what comes of it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.machines import MARKETPLACE, PASSWORD, SIZE, Yard, os_profile


def test_a_machine_from_the_marketplace_succeeds_when_its_agent_says_ready(
    yard: Yard, compute: ComputeManagementClient
) -> None:
    body: Any = yard.machine_body()
    poller = compute.virtual_machines.begin_create_or_update(yard.name, "vm", body, polling_interval=0.05)
    vm = poller.result()
    assert vm.provisioning_state == "Succeeded"
    assert vm.storage_profile is not None and vm.storage_profile.image_reference is not None
    assert vm.storage_profile.image_reference.exact_version == "1.10.0", "latest is by number, not by letter"
    guest = yard.guest(vm.id or "")
    assert guest["running"] and guest["dvd"]
    assert yard.files(yard.os_disk(vm.id or ""))["user"] == "operator"


def test_the_first_answer_is_201_creating_with_the_operation_and_no_location(yard: Yard) -> None:
    response = yard.wire("PUT", yard.path("virtualMachines", "vm"), yard.machine_body())
    assert response.status_code == 201
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert "/locations/westeurope/operations/" in response.headers["Azure-AsyncOperation"]
    assert "Location" not in response.headers
    yard.done(response)


def test_the_document_has_the_recorded_shape_and_no_secret(yard: Yard) -> None:
    profile = {
        "computerName": "box",
        "adminUsername": "operator",
        "adminPassword": PASSWORD,
        "customData": "aGk=",
    }
    doc = yard.get(yard.machine(osProfile=profile))
    properties = doc["properties"]
    assert set(properties) == {
        "vmId",
        "hardwareProfile",
        "storageProfile",
        "osProfile",
        "networkProfile",
        "provisioningState",
        "timeCreated",
    }
    assert set(properties["osProfile"]) == {
        "computerName",
        "adminUsername",
        "linuxConfiguration",
        "secrets",
        "allowExtensionOperations",
        "requireGuestProvisionSignal",
    }
    assert set(properties["storageProfile"]["osDisk"]) == {
        "osType",
        "name",
        "createOption",
        "caching",
        "managedDisk",
        "deleteOption",
        "diskSizeGB",
    }
    assert PASSWORD not in str(doc) and "aGk=" not in str(doc)
    assert not [key for key in doc if key.startswith("_")]
    assert yard.files(yard.os_disk(doc["id"]))["password"] == PASSWORD


def test_the_os_disk_is_a_resource_of_the_machines_group(yard: Yard) -> None:
    vm = yard.machine("web")
    disk = yard.get(yard.os_disk(vm))
    assert disk["name"].startswith("web_OsDisk_1_")
    assert disk["managedBy"] == vm
    assert disk["properties"]["diskState"] == "Attached"
    assert disk["properties"]["osType"] == "Linux"
    assert disk["properties"]["hyperVGeneration"] == "V2"
    assert disk["properties"]["creationData"]["imageReference"]["id"].endswith("/Versions/1.10.0")


def test_the_instance_view_shows_power_agent_and_disks(yard: Yard) -> None:
    diagnostics = {"bootDiagnostics": {"enabled": True}}
    view = yard.get(f"{yard.machine(diagnosticsProfile=diagnostics)}/instanceView")
    assert [one["code"] for one in view["statuses"]] == ["ProvisioningState/succeeded", "PowerState/running"]
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert view["vmAgent"]["vmAgentVersion"] == "2.9.1.1"
    assert (view["osName"], view["osVersion"]) == ("debian", "12")
    assert view["hyperVGeneration"] == "V2"
    assert view["bootDiagnostics"] == {}
    assert len(view["disks"]) == 1


def test_a_silent_agent_is_not_ready_in_the_instance_view(yard: Yard) -> None:
    yard.behave("mute", agent="silent")
    view = yard.get(f"{yard.machine('mute')}/instanceView")
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Not Ready"
    assert "osName" not in view


def test_the_guest_gets_the_interfaces_address_rules_and_metadata(yard: Yard) -> None:
    vm = yard.machine("meta")
    guest = yard.guest(vm)
    assert guest["address"].startswith("127.16.")
    assert guest["metadata"]["resourceGroupName"] == yard.name
    assert guest["metadata"]["vmSize"] == SIZE
    assert guest["metadata"]["location"] == "westeurope"


def test_a_guest_that_never_reports_times_out_in_azures_words(yard: Yard) -> None:
    yard.behave("lost", provisioning="silent", agent="silent")
    error = yard.failed(yard.wire("PUT", yard.path("virtualMachines", "lost"), yard.machine_body()))
    assert error["code"] == "OSProvisioningTimedOut"
    assert error["message"].startswith("OS Provisioning for VM 'lost' did not finish in the allotted time.")
    assert "make sure the image has been properly prepared (generalized)" in error["message"]
    vm = yard.path("virtualMachines", "lost")
    assert yard.get(vm)["properties"]["provisioningState"] == "Failed"
    assert yard.statuses(vm)[0] == "ProvisioningState/failed/OSProvisioningTimedOut"
    assert "PowerState/running" in yard.statuses(vm), "the machine is left as it is, for its owner to look at"


def test_an_agent_that_talks_without_provisioning_is_named_in_the_timeout(yard: Yard) -> None:
    yard.behave("copy", provisioning="silent")
    error = yard.failed(yard.wire("PUT", yard.path("virtualMachines", "copy"), yard.machine_body()))
    assert error["code"] == "OSProvisioningTimedOut"
    assert "the VM guest agent was detected running" in error["message"]


def test_a_guest_that_is_ready_too_late_turns_the_machine_succeeded(yard: Yard) -> None:
    yard.behave("late", provisioning="silent", agent="silent")
    yard.failed(yard.wire("PUT", yard.path("virtualMachines", "late"), yard.machine_body()))
    yard.behave("late", provisioning=None, agent=None)
    assert yard.get(yard.path("virtualMachines", "late"))["properties"]["provisioningState"] == "Succeeded"


def test_a_guest_that_reports_its_own_failure_fails_the_creation_at_once(yard: Yard) -> None:
    yard.behave("sick", provisioning="ProvisioningFailed: no DVD")
    error = yard.failed(yard.wire("PUT", yard.path("virtualMachines", "sick"), yard.machine_body()))
    assert error["code"] == "OSProvisioningClientError"
    assert "no DVD" in error["message"]


def test_a_host_that_cannot_start_the_machine_fails_the_creation_with_the_cause(yard: Yard) -> None:
    yard.behave("dead", start="fails")
    error = yard.failed(yard.wire("PUT", yard.path("virtualMachines", "dead"), yard.machine_body()))
    assert error["code"] == "OSProvisioningInternalError"
    assert error["details"][0]["message"] == "the machine's init did not come up"


def storage(**os_disk: Any) -> dict[str, Any]:
    return {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"} | os_disk}


def test_an_interface_that_does_not_exist_is_named(yard: Yard) -> None:
    ghost = f"{yard.group}/providers/Microsoft.Network/networkInterfaces/ghost"
    body = yard.machine_body(networkProfile={"networkInterfaces": [{"id": ghost}]})
    status, code, message = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    assert (status, code) == (400, "InvalidResourceReference")
    assert f"Resource {ghost} referenced by resource" in message


def test_an_interface_serves_one_machine(yard: Yard) -> None:
    nic = yard.nic("shared")
    profile = {"networkInterfaces": [{"id": nic}]}
    first = yard.machine("first", networkProfile=profile)
    body = yard.machine_body(networkProfile=profile)
    status, code, message = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "second"), body))
    assert (status, code) == (400, "NicInUse")
    assert message.startswith(f"Network Interface shared is used by existing resource {first}.")


def test_cores_beyond_the_quota_are_refused_with_the_figures(yard: Yard) -> None:
    used = {
        one["name"]["value"]: one["currentValue"]
        for one in yard.get(
            f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/locations/westeurope/usages"
        )["value"]
    }
    yard.machine("big", hardwareProfile={"vmSize": "Standard_D64s_v3"})
    body = yard.machine_body(hardwareProfile={"vmSize": "Standard_D64s_v5"})
    status, code, message = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "more"), body))
    assert (status, code) == (409, "OperationNotAllowed")
    assert "exceeding approved Total Regional Cores quota" in message
    assert f"Current Limit: 100, Current Usage: {used['cores'] + 64}, Additional Required: 64" in message


def test_data_disks_come_at_their_luns(yard: Yard) -> None:
    own = yard.disk("own", diskSizeGB=16)
    disks = [
        {"lun": 3, "createOption": "Attach", "managedDisk": {"id": own}},
        {"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "fresh"},
    ]
    vm = yard.machine(storageProfile=storage() | {"dataDisks": disks})
    shown = yard.get(vm)["properties"]["storageProfile"]["dataDisks"]
    assert [(one["lun"], one["name"], one["diskSizeGB"]) for one in shown] == [
        (0, "fresh", 4),
        (3, "own", 16),
    ]
    assert set(yard.guest(vm)["data_disks"]) == {"0", "3"}
    assert yard.get(own)["managedBy"] == vm


def test_a_disk_of_another_machine_cannot_be_attached(yard: Yard) -> None:
    own = yard.disk("own")
    data = [{"lun": 0, "createOption": "Attach", "managedDisk": {"id": own}}]
    owner = yard.machine("owner", storageProfile=storage() | {"dataDisks": data})
    body = yard.machine_body(storageProfile=storage() | {"dataDisks": data})
    status, code, message = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "thief"), body))
    assert (status, code) == (409, "ConflictingUserInput")
    assert message == f"Disk '{own}' cannot be attached as the disk is already owned by VM '{owner}'."


def test_a_name_that_a_disk_has_cannot_be_given_to_a_new_one(yard: Yard) -> None:
    yard.disk("taken")
    body = yard.machine_body(storageProfile=storage(name="taken"))
    status, code, message = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    assert (status, code) == (409, "ConflictingUserInput")
    assert message.startswith("Disk taken already exists in resource group")


def test_an_attached_disk_boots_without_a_dvd_and_forbids_an_os_profile(yard: Yard) -> None:
    first = yard.machine("first")
    copy = yard.path("disks", "copy")
    creation = {"createOption": "Copy", "sourceResourceId": yard.os_disk(first)}
    yard.done(yard.wire("PUT", copy, {"location": "westeurope", "properties": {"creationData": creation}}))
    disks = {"osDisk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": copy}}}
    body = yard.machine_body(storageProfile=disks)
    path = yard.path("virtualMachines", "second")
    assert yard.refused(yard.wire("PUT", path, body))[2] == "Parameter 'osProfile' is not allowed."
    second = yard.machine("second", storageProfile=disks, osProfile=None)
    assert yard.guest(second)["dvd"] is False
    assert yard.files(copy)["user"] == "operator"
    assert "osProfile" not in yard.get(second)["properties"]


def test_a_system_identity_gets_a_principal(yard: Yard) -> None:
    body = yard.machine_body() | {"identity": {"type": "SystemAssigned"}}
    yard.done(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    identity = yard.get(yard.path("virtualMachines", "vm"))["identity"]
    assert identity["type"] == "SystemAssigned" and len(identity["principalId"]) == 36


def test_lists_show_the_machines_of_group_region_and_subscription(
    yard: Yard, compute: ComputeManagementClient
) -> None:
    yard.machine("one")
    yard.machine("two")
    assert [vm.name for vm in compute.virtual_machines.list(yard.name)] == ["one", "two"]
    everywhere = {(vm.id or "").lower() for vm in compute.virtual_machines.list_all()}
    assert yard.path("virtualMachines", "one").lower() in everywhere
    here = {(vm.id or "").lower() for vm in compute.virtual_machines.list_by_location("westeurope")}
    assert yard.path("virtualMachines", "two").lower() in here
    status = [vm for vm in compute.virtual_machines.list_all(status_only="true") if vm.name == "one"]
    assert status[0].instance_view is not None


def test_sizes_of_a_machine_can_boot_its_generation(yard: Yard) -> None:
    sizes = {one["name"] for one in yard.get(f"{yard.machine()}/vmSizes")["value"]}
    assert SIZE in sizes and "Standard_A1_v2" not in sizes and "Standard_M128s" not in sizes


def test_a_machine_and_its_disks_are_in_one_zone(yard: Yard) -> None:
    body = yard.machine_body() | {"zones": ["2"]}
    path = yard.path("virtualMachines", "zonal")
    yard.done(yard.wire("PUT", path, body))
    assert yard.get(path)["zones"] == yard.get(yard.os_disk(path))["zones"] == ["2"]
    other = yard.path("disks", "other")
    given = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
    yard.done(yard.wire("PUT", other, {"location": "westeurope", "zones": ["1"], "properties": given}))
    yard.bring(path, "deallocated")
    attach = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": other}}
    found = yard.refused(
        yard.wire("PATCH", path, {"properties": {"storageProfile": {"dataDisks": [attach]}}})
    )
    assert found[2].endswith("not in the same zone as the VM. VM zone: '2'. Disk zone: '1'.")


@pytest.mark.parametrize("zones", [["4"], ["1", "2"]])
def test_a_zone_that_is_not_there_is_refused(yard: Yard, zones: list[str]) -> None:
    body = yard.machine_body() | {"zones": zones}
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    assert found[:2] == (400, "InvalidAvailabilityZone")


def test_a_machine_takes_copies_and_restored_disks_as_data_disks(yard: Yard) -> None:
    disk = yard.disk("disk")
    yard.write(disk, mark="copied")
    snapshot = yard.snapshot("snap", disk)
    data = [{"lun": 4, "createOption": "Copy", "sourceResource": {"id": snapshot}, "name": "copy"}]
    vm = yard.machine(storageProfile=storage() | {"dataDisks": data})
    assert yard.files(yard.path("disks", "copy"))["mark"] == "copied"
    assert yard.get(yard.path("disks", "copy"))["properties"]["creationData"]["sourceResourceId"] == snapshot
    assert set(yard.guest(vm)["data_disks"]) == {"4"}


def test_where_extension_operations_are_disallowed_no_script_runs(yard: Yard) -> None:
    vm = yard.machine(osProfile=os_profile() | {"allowExtensionOperations": False})
    command = {"commandId": "RunShellScript", "script": ["echo x"]}
    found = yard.refused(yard.act(vm, "runCommand", command))
    assert found[:2] == (409, "OperationNotAllowed")
    assert "osProfile.allowExtensionOperations property is true" in found[2]


def test_an_identity_of_no_known_type_is_refused(yard: Yard) -> None:
    body = yard.machine_body() | {"identity": {"type": "Passport"}}
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    assert found[2] == "The value of parameter identity.type is invalid."


def test_user_data_is_shown_when_asked_for(yard: Yard) -> None:
    vm = yard.machine(userData="aGk=")
    assert "userData" not in yard.get(vm)["properties"]
    assert yard.get(vm, **{"$expand": "userData"})["properties"]["userData"] == "aGk="
    assert yard.guest(vm)["metadata"]["userData"] == "aGk="


def test_of_several_interfaces_one_is_the_primary_and_gives_the_guest_its_address(yard: Yard) -> None:
    nics = [{"id": yard.nic("a")}, {"id": yard.nic("b")}]
    path = yard.path("virtualMachines", "two")
    refused = yard.refused(
        yard.wire("PUT", path, yard.machine_body(networkProfile={"networkInterfaces": nics}))
    )
    assert refused[:2] == (400, "VirtualMachineMustHaveOneNetworkInterfaceAsPrimary")

    nics[1]["properties"] = {"primary": True}  # type: ignore[assignment]  # a REST body
    vm = yard.machine("two", networkProfile={"networkInterfaces": nics})

    second = yard.get(nics[1]["id"])["properties"]
    assert yard.guest(vm)["address"] == second["ipConfigurations"][0]["properties"]["privateIPAddress"]
    assert (second["primary"], yard.get(nics[0]["id"])["properties"]["primary"]) == (True, False)
