"""Every operation on a machine in every state: what Azure would answer, over the wire."""

from __future__ import annotations

import threading

import pytest

from localazure.compute.transitions import STATES, TABLE, check
from tests.localazure.machines import Yard

GENERALIZED = "Operation '{op}' is not allowed on VM 'vm' since the VM is generalized."
DEALLOCATED = (
    "Operation '{op}' is not allowed on VM 'vm' since the VM is either deallocated or marked to be "
    "deallocated."
)
RUNNING = (
    "Operation '{op}' is not allowed on VM 'vm' since the VM is running. Please power off explicitly in "
    "case you "
    "shut down the VM from inside the guest operating system."
)
NEEDS_RUNNING = "The operation requires the VM to be running (or set to run)."
NO_EXTENSIONS = "Cannot modify extensions in the VM when the VM is not running."
NOT_CAPTURED = "Capture operation cannot be completed because the VM is not generalized."
MANAGED = "The Capture action is only supported on a Virtual Machine with blob based disks."

# operation -> what it ends in, or how it is refused, when the machine is
#              running, stopped, deallocated, generalized
EXPECTED: dict[str, tuple[str, str, str, str]] = {
    "powerOff": ("stopped", "stopped", DEALLOCATED, "stopped"),
    "deallocate": ("deallocated", "deallocated", "deallocated", "deallocated"),
    "start": ("running", "running", "running", GENERALIZED),
    "restart": ("running", NEEDS_RUNNING, NEEDS_RUNNING, GENERALIZED),
    "redeploy": ("running", "running", DEALLOCATED, GENERALIZED),
    "generalize": (RUNNING, "generalized", "generalized", "generalized"),
    "capture": (NOT_CAPTURED, NOT_CAPTURED, NOT_CAPTURED, MANAGED),
    "runCommand": ("running", NEEDS_RUNNING, NEEDS_RUNNING, NEEDS_RUNNING),
}
BODIES = {"runCommand": {"commandId": "RunShellScript", "script": ["echo hello"]}}
POWER = {"running", "stopped", "deallocated"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", EXPECTED)
def test_an_operation_in_a_state(yard: Yard, operation: str, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    before = yard.statuses(vm)
    expected = EXPECTED[operation][STATES.index(state)]
    response = yard.act(vm, operation, BODIES.get(operation))
    if expected in POWER:
        yard.done(response)
        assert f"PowerState/{expected}" in yard.statuses(vm)
        assert yard.guest(vm)["running"] == (expected == "running")
    elif expected == "generalized":
        assert (response.status_code, response.text) == (200, "")
        assert "OSState/generalized" in yard.statuses(vm)
    else:
        status, code, message = yard.refused(response)
        assert (status, code) == (409, "OperationNotAllowed")
        assert message.startswith(expected.format(op=operation))
        assert yard.statuses(vm) == before


@pytest.mark.parametrize("state", ["stopped", "deallocated", "generalized"])
def test_extensions_need_a_running_machine(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    for method in ("PUT", "DELETE"):
        found = yard.refused(yard.wire(method, f"{vm}/extensions/custom", {"location": "westeurope"}))
        assert found == (409, "OperationNotAllowed", NO_EXTENSIONS)


@pytest.mark.parametrize("state", ["running", "stopped", "deallocated"])
def test_an_image_needs_a_generalized_machine(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    body = {
        "location": "westeurope",
        "properties": {"sourceVirtualMachine": {"id": vm}, "hyperVGeneration": "V2"},
    }
    status, code, message = yard.refused(yard.wire("PUT", yard.path("images", "image"), body))
    assert (status, code) == (409, "OperationNotAllowed")
    assert message == "The operation 'CreateImage' requires the Virtual Machine 'vm' to be Generalized."


def test_deallocate_releases_the_disk_from_attached_to_reserved(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    assert yard.get(yard.os_disk(vm))["properties"]["diskState"] == "Reserved"


def test_a_guest_that_powers_itself_off_is_stopped_and_may_be_generalized(yard: Yard) -> None:
    vm = yard.machine()
    yard.behave("vm", power="off")
    assert "PowerState/stopped" in yard.statuses(vm)
    assert yard.act(vm, "generalize").status_code == 200
    yard.behave("vm", power=None)


def test_power_off_can_skip_the_guests_own_shutdown(yard: Yard) -> None:
    vm = yard.machine()
    yard.done(yard.act(vm, "powerOff", skipShutdown="true"))
    assert yard.guest(vm)["graceful"] is False
    yard.done(yard.act(vm, "start"))
    yard.done(yard.act(vm, "powerOff"))
    assert yard.guest(vm)["graceful"] is True


def test_a_second_start_brings_no_dvd(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    yard.done(yard.act(vm, "start"))
    assert yard.guest(vm)["dvd"] is False


def test_a_machine_that_never_was_ready_gets_its_dvd_again(yard: Yard) -> None:
    yard.behave("slow", provisioning="silent", agent="silent")
    yard.failed(yard.wire("PUT", yard.path("virtualMachines", "slow"), yard.machine_body()))
    vm = yard.path("virtualMachines", "slow")
    yard.done(yard.act(vm, "deallocate"))
    yard.done(yard.act(vm, "start"))
    assert yard.guest(vm)["dvd"] is True
    assert yard.get(vm)["properties"]["provisioningState"] == "Failed"


def test_tags_of_a_generalized_machine_may_change_and_nothing_else(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "generalized")
    yard.done(yard.wire("PATCH", vm, {"tags": {"role": "source"}}))
    assert yard.get(vm)["tags"] == {"role": "source"}
    change = {"properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}}}
    assert yard.refused(yard.wire("PATCH", vm, change))[2] == GENERALIZED.format(op="Update VM")


def test_an_operation_during_another_one_is_refused(yard: Yard) -> None:
    yard.behave("busy", provisioning="silent", agent="silent")
    creation = yard.wire("PUT", yard.path("virtualMachines", "busy"), yard.machine_body())
    vm = yard.path("virtualMachines", "busy")
    for operation in ("powerOff", "deallocate", "start", "generalize"):
        status, code, message = yard.refused(yard.act(vm, operation))
        assert (status, code) == (409, "OperationNotAllowed")
        assert (
            message
            == f"Operation '{operation}' is not allowed on VM 'busy' since another operation is in progress."
        )
    yard.failed(creation)


def test_of_operations_sent_at_once_exactly_one_is_admitted(yard: Yard) -> None:
    yard.behave("race", provisioning="silent", agent="silent")
    body, path = yard.machine_body(), yard.path("virtualMachines", "race")
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(yard.wire("PUT", path, body).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 409, 409, 409]


def test_every_cell_of_the_table_says_where_it_is_from() -> None:
    cells = [cell for row in TABLE.values() for cell in row.values()]
    assert all(set(row) == set(STATES) for row in TABLE.values())
    assert {cell.source for cell in cells} == {"recorded", "doc", "seen", "assumed"}
    assert not [cell for cell in cells if cell.becomes and cell.refused]


def test_the_table_admits_what_is_no_refusal() -> None:
    assert check("deallocate", "generalized", "vm").becomes == "deallocated"


@pytest.mark.parametrize("state", ["running", "stopped", "deallocated"])
def test_reapply_leaves_the_power_as_it_is(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    before = yard.statuses(vm)
    yard.done(yard.act(vm, "reapply"))
    assert yard.statuses(vm) == before


def test_an_action_that_the_host_cannot_do_fails_and_says_what_is(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    yard.behave("vm", start="fails")
    assert yard.failed(yard.act(vm, "start"))["code"] == "OSProvisioningInternalError"
    assert "PowerState/stopped" in yard.statuses(vm)
    yard.behave("vm", start=None)
    yard.done(yard.act(vm, "start"))


def test_hibernation_is_not_pretended(yard: Yard) -> None:
    assert yard.refused(yard.act(yard.machine(), "deallocate", hibernate="true"))[0] == 501


def test_a_machine_that_is_not_there_is_not_found_whatever_is_asked(yard: Yard) -> None:
    ghost = yard.path("virtualMachines", "ghost")
    for operation in ("start", "powerOff", "generalize", "reapply", "capture", "retrieveBootDiagnosticsData"):
        assert yard.refused(yard.act(ghost, operation))[:2] == (404, "ResourceNotFound")
    for tail in ("", "/instanceView", "/vmSizes", "/extensions", "/runCommands", "/extensions/x"):
        assert yard.refused(yard.wire("GET", ghost + tail))[:2] == (404, "ResourceNotFound")
    assert yard.refused(yard.wire("PUT", f"{ghost}/extensions/x", {}))[:2] == (404, "ParentResourceNotFound")
    assert yard.wire("DELETE", ghost).status_code == 204


def test_extensions_are_none_and_cannot_be_installed(yard: Yard) -> None:
    vm = yard.machine()
    assert yard.get(f"{vm}/extensions") == {"value": []}
    assert yard.refused(yard.wire("GET", f"{vm}/extensions/x"))[:2] == (404, "ResourceNotFound")
    assert yard.refused(yard.wire("PUT", f"{vm}/extensions/x", {"location": "westeurope"}))[0] == 501
    assert yard.wire("DELETE", f"{vm}/extensions/x").status_code == 204
