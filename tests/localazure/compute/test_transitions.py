"""What operations on machines bring about, beside the matrix of operations and states."""

from __future__ import annotations

import threading

import pytest

from localazure.compute.transitions import check
from tests.localazure.machines import Yard

GENERALIZED = "Operation '{op}' is not allowed on VM 'vm' since the VM is generalized."
NO_EXTENSIONS = "Cannot modify extensions in the VM when the VM is not running."


@pytest.mark.parametrize("state", ["stopped", "deallocated", "generalized"])
def test_extensions_need_a_running_machine(yard: Yard, state: str) -> None:
    vm = yard.machine()
    yard.bring(vm, state)
    for method in ("PUT", "DELETE"):
        found = yard.refused(yard.wire(method, f"{vm}/extensions/custom", {"location": "westeurope"}))
        assert found == (409, "OperationNotAllowed", NO_EXTENSIONS)


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


def test_the_table_admits_what_is_no_refusal() -> None:
    assert check("deallocate", "generalized", "vm").becomes == "deallocated"


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
