"""Changing machines, and what is left when they go."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.localazure.machines import MARKETPLACE, Yard


def storage(
    os_disk: dict[str, Any] | None = None, data: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "imageReference": MARKETPLACE,
        "osDisk": {"createOption": "FromImage"} | (os_disk or {}),
        "dataDisks": data or [],
    }


def test_an_update_answers_200_updating_and_ends_succeeded(yard: Yard) -> None:
    vm = yard.machine()
    response = yard.wire("PATCH", vm, {"tags": {"a": "b"}})
    assert response.status_code == 200
    assert response.json()["properties"]["provisioningState"] == "Updating"
    yard.done(response)
    after = yard.get(vm)
    assert (after["tags"], after["properties"]["provisioningState"]) == ({"a": "b"}, "Succeeded")


def test_putting_a_machine_as_it_was_read_changes_nothing(yard: Yard) -> None:
    vm = yard.machine(storageProfile=storage(data=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4}]))
    before = yard.get(vm)
    response = yard.wire("PUT", vm, before)
    assert response.status_code == 200, response.text
    yard.done(response)
    assert yard.get(vm) == before


IMMUTABLE: list[tuple[dict[str, Any], str]] = [
    ({"osProfile": {"adminUsername": "other"}}, "osProfile.adminUsername"),
    ({"osProfile": {"computerName": "other"}}, "osProfile.computerName"),
    ({"osProfile": {"customData": "aGk="}}, "customData"),
    ({"storageProfile": {"imageReference": MARKETPLACE | {"version": "1.0.0"}}}, "imageReference"),
    ({"storageProfile": {"osDisk": {"createOption": "Attach"}}}, "osDisk.createOption"),
    ({"storageProfile": {"osDisk": {"name": "other"}}}, "osDisk.name"),
    ({"securityProfile": {"securityType": "TrustedLaunch"}}, "securityProfile.securityType"),
]


@pytest.mark.parametrize(("change", "prop"), IMMUTABLE, ids=[prop for _, prop in IMMUTABLE])
def test_what_is_fixed_at_creation_cannot_change(yard: Yard, change: dict[str, Any], prop: str) -> None:
    vm = yard.machine()
    before = yard.get(vm)
    found = yard.refused(yard.wire("PATCH", vm, {"properties": change}))
    assert found == (409, "PropertyChangeNotAllowed", f"Changing property '{prop}' is not allowed.")
    assert yard.get(vm) == before


def test_data_disks_come_and_go_while_deallocated(yard: Yard) -> None:
    vm = yard.machine(
        storageProfile=storage(data=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "old"}])
    )
    yard.bring(vm, "deallocated")
    extra = yard.disk("extra")
    attach = {"lun": 5, "createOption": "Attach", "managedDisk": {"id": extra}}
    yard.done(yard.wire("PATCH", vm, {"properties": {"storageProfile": {"dataDisks": [attach]}}}))
    shown = yard.get(vm)["properties"]["storageProfile"]["dataDisks"]
    assert [(one["lun"], one["name"]) for one in shown] == [(5, "extra")]
    assert yard.get(extra)["properties"]["diskState"] == "Reserved"
    assert yard.get(yard.path("disks", "old"))["properties"]["diskState"] == "Unattached"
    yard.done(yard.act(vm, "start"))
    assert set(yard.guest(vm)["data_disks"]) == {"5"}


def test_a_data_disk_is_detached_by_its_mark(yard: Yard) -> None:
    vm = yard.machine(
        storageProfile=storage(data=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "d"}])
    )
    yard.bring(vm, "stopped")
    marked = [yard.get(vm)["properties"]["storageProfile"]["dataDisks"][0] | {"toBeDetached": True}]
    yard.done(yard.wire("PATCH", vm, {"properties": {"storageProfile": {"dataDisks": marked}}}))
    assert yard.get(vm)["properties"]["storageProfile"]["dataDisks"] == []
    assert "managedBy" not in yard.get(yard.path("disks", "d"))


def test_attaching_to_a_running_machine_is_not_pretended(yard: Yard) -> None:
    vm = yard.machine()
    attach = {"lun": 5, "createOption": "Attach", "managedDisk": {"id": yard.disk("extra")}}
    found = yard.refused(yard.wire("PATCH", vm, {"properties": {"storageProfile": {"dataDisks": [attach]}}}))
    assert found[:2] == (501, "NotImplemented")
    assert "managedBy" not in yard.get(yard.path("disks", "extra"))


def test_the_os_disk_is_swapped_while_deallocated_only(yard: Yard) -> None:
    vm = yard.machine()
    old, other = yard.os_disk(vm), yard.path("disks", "other")
    creation = {"createOption": "Copy", "sourceResourceId": old}
    yard.done(yard.wire("PUT", other, {"location": "westeurope", "properties": {"creationData": creation}}))
    yard.write(other, mark="other")
    swap = {"properties": {"storageProfile": {"osDisk": {"managedDisk": {"id": other}, "name": "other"}}}}
    found = yard.refused(yard.wire("PATCH", vm, swap))
    assert found[2] == "Operation 'Swap OS Disk' is not allowed on VM 'vm' since the VM is not deallocated."
    yard.bring(vm, "deallocated")
    yard.done(yard.wire("PATCH", vm, swap))
    assert yard.os_disk(vm) == other
    assert "managedBy" not in yard.get(old)
    yard.done(yard.act(vm, "start"))
    assert yard.files(other)["mark"] == "other"
    assert yard.guest(vm)["os_disk"] == yard.look()["content_of"][other.lower()]


def test_a_new_size_restarts_a_running_machine_and_counts(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.wire("PATCH", vm, {"properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}}}))
    assert yard.get(vm)["properties"]["hardwareProfile"]["vmSize"] == "Standard_B2s"
    assert yard.guest(vm)["starts"] == 2


def test_deleting_leaves_disk_and_interface_by_default(yard: Yard) -> None:
    nic = yard.nic("stays")
    vm = yard.machine(networkProfile={"networkInterfaces": [{"id": nic}]})
    disk, vm_id = yard.os_disk(vm), yard.get(vm)["properties"]["vmId"]
    response = yard.wire("DELETE", vm)
    assert (response.status_code, response.text) == (202, "")
    assert "Location" in response.headers
    yard.done(response)
    assert yard.wire("GET", vm).status_code == 404
    assert yard.get(disk)["properties"]["diskState"] == "Unattached"
    assert "virtualMachine" not in yard.get(nic)["properties"]
    assert vm_id not in yard.look()["machines"]
    assert yard.wire("DELETE", vm).status_code == 204


def test_delete_options_take_disks_interface_and_address_along(yard: Yard) -> None:
    ip = f"{yard.group}/providers/Microsoft.Network/publicIPAddresses/ip"
    body = {
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    }
    yard.done(yard.wire("PUT", ip, body))
    nic = yard.nic("goes", publicIPAddress={"id": ip, "properties": {"deleteOption": "Delete"}})
    data = [
        {"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "goes", "deleteOption": "Delete"},
        {"lun": 1, "createOption": "Empty", "diskSizeGB": 4, "name": "stays"},
    ]
    before = set(yard.look()["contents"])
    vm = yard.machine(
        storageProfile=storage({"deleteOption": "Delete"}, data),
        networkProfile={"networkInterfaces": [{"id": nic, "properties": {"deleteOption": "Delete"}}]},
    )
    disk = yard.os_disk(vm)
    yard.done(yard.wire("DELETE", vm, forceDeletion="true"))
    for gone in (disk, nic, ip, yard.path("disks", "goes")):
        assert yard.wire("GET", gone).status_code == 404, gone
    assert len(set(yard.look()["contents"]) - before) == 1, "only the content of the disk that stays"


def test_delete_options_can_change_on_a_running_machine(yard: Yard) -> None:
    vm = yard.machine()
    disk = yard.os_disk(vm)
    yard.done(
        yard.wire("PATCH", vm, {"properties": {"storageProfile": {"osDisk": {"deleteOption": "Delete"}}}})
    )
    yard.done(yard.wire("DELETE", vm))
    assert yard.wire("GET", disk).status_code == 404


def test_a_machine_in_creation_can_be_deleted_and_its_creation_ends_preempted(yard: Yard) -> None:
    yard.behave("brief", provisioning="silent", agent="silent")
    began = time.monotonic()
    creation = yard.wire("PUT", yard.path("virtualMachines", "brief"), yard.machine_body())
    deletion = yard.wire("DELETE", yard.path("virtualMachines", "brief"))
    assert deletion.status_code == 202
    first = deletion.headers["Azure-AsyncOperation"]
    marked = yard.refused(yard.act(yard.path("virtualMachines", "brief"), "start"))
    assert marked[0] == 404 or marked[2].startswith(  # on a busy computer it may be gone already
        "Operation 'start' is not allowed on VM 'brief' since the VM is marked for deletion."
    )
    again = yard.wire("DELETE", yard.path("virtualMachines", "brief"))
    assert again.status_code == 204 or again.headers["Azure-AsyncOperation"] == first
    assert yard.canceled(creation)["code"] == "OperationPreempted"
    yard.done(deletion)
    assert time.monotonic() - began < 1.9, "the creation gave up before its own time was over"
    assert yard.wire("GET", yard.path("virtualMachines", "brief")).status_code == 404


def test_a_group_that_goes_takes_machines_disks_and_contents_along(yard: Yard) -> None:
    before = set(yard.look()["contents"])
    vm = yard.machine(storageProfile=storage(data=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4}]))
    yard.snapshot("snap", yard.os_disk(vm))
    vm_id = yard.get(vm)["properties"]["vmId"]
    response = yard.wire("DELETE", yard.group)
    deadline = time.monotonic() + 20
    while yard.wire("GET", yard.group).status_code != 404 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert response.status_code == 202
    assert yard.wire("GET", yard.group).status_code == 404
    seen = yard.look()
    assert set(seen["contents"]) == before
    assert vm_id not in seen["machines"]


BAD_CHANGES: list[tuple[dict[str, Any], int, str]] = [
    ({"zones": ["1"]}, 409, "Changing property 'zones' is not allowed."),
    ({"properties": {"hardwareProfile": {"vmSize": "Standard_A1_v2"}}}, 400, "The selected VM size"),
    (
        {"properties": {"networkProfile": {"networkInterfaces": []}}},
        501,
        "The local Azure does not implement changing the network interfaces",
    ),
    ({"properties": {"osProfile": {"linuxConfiguration": {"ssh": {}}}}}, 409, "Changing property 'linuxConf"),
    (
        {"properties": {"storageProfile": {"osDisk": {"osType": "Windows"}}}},
        409,
        "Changing property 'osDisk.osT",
    ),
    (
        {"properties": {"storageProfile": {"dataDisks": [{"lun": 70, "createOption": "Empty"}]}}},
        400,
        "The value 70 of parameter dataDisk.lun is out of range.",
    ),
    (
        {"properties": {"storageProfile": {"dataDisks": [{"lun": 2, "name": "d"}]}}},
        409,
        "Changing property 'dataDisk.lun' is not allowed.",
    ),
]


def test_changes_that_cannot_be_are_refused_and_change_nothing(yard: Yard) -> None:
    vm = yard.machine(
        storageProfile=storage(data=[{"lun": 0, "createOption": "Empty", "diskSizeGB": 4, "name": "d"}])
    )
    yard.bring(vm, "deallocated")
    before = yard.get(vm)
    for change, status, text in BAD_CHANGES:
        found = yard.refused(yard.wire("PATCH", vm, change))
        assert (found[0], found[2][: len(text)]) == (status, text)
    assert yard.get(vm) == before


def test_diagnostics_can_be_switched_on_later(yard: Yard) -> None:
    vm = yard.machine()
    change = {"properties": {"diagnosticsProfile": {"bootDiagnostics": {"enabled": True}}}}
    yard.done(yard.wire("PATCH", vm, change))
    assert yard.act(vm, "retrieveBootDiagnosticsData").status_code == 200


def test_too_many_data_disks_for_a_size_are_refused(yard: Yard) -> None:
    data = [{"lun": lun, "createOption": "Empty", "diskSizeGB": 1} for lun in range(3)]
    body = yard.machine_body(storageProfile=storage(data=data), hardwareProfile={"vmSize": "Standard_B1s"})
    found = yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), body))
    assert found[2] == "The maximum number of data disks allowed to be attached to a VM of this size is 2."
