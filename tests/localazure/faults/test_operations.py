"""Faults of operations and refusals of services: Azure's words, and what is left of the resource."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from tests.localazure.conftest import Wire, wire_to
from tests.localazure.faults.conftest import HERE, NSG, nsg, set_fault
from tests.localazure.galleries import shelves
from tests.localazure.machines import Yard

VM = "PUT Microsoft.Compute/virtualMachines"
VERSION = "PUT Microsoft.Compute/galleries/images/versions"


def state(yard: Yard, path: str) -> str:
    return str(yard.get(path)["properties"]["provisioningState"])


def new_machine(yard: Yard, name: str = "vm") -> requests.Response:
    return yard.wire("PUT", yard.path("virtualMachines", name), yard.machine_body())


def status(yard: Yard, begun: requests.Response) -> str:
    return str(yard.wire("GET", begun.headers["Azure-AsyncOperation"]).json()["status"])


def test_an_operation_fails_late_with_its_resource_made_and_failed(yard: Yard) -> None:
    set_fault(
        yard.wire, "PUT Microsoft.Compute/disks", "lro-fails", data={"code": "DiskServiceInternalError"}
    )
    path = yard.path("disks", "d")
    body = HERE | {"properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    assert yard.failed(yard.wire("PUT", path, body))["code"] == "DiskServiceInternalError"
    assert state(yard, path) == "Failed"
    assert yard.done(yard.wire("DELETE", path))["status"] == "Succeeded"


def test_a_deletion_that_fails_leaves_what_was_to_go(yard: Yard) -> None:
    disk = yard.disk("d")
    set_fault(yard.wire, "DELETE Microsoft.Compute/disks", "lro-fails")
    yard.failed(yard.wire("DELETE", disk))
    assert state(yard, disk) == "Failed"


def test_an_operation_never_ends_until_the_fault_is_taken_back(yard: Yard) -> None:
    fault = set_fault(yard.wire, VM, "lro-never-ends")
    begun = new_machine(yard)
    time.sleep(0.2)
    assert status(yard, begun) == "InProgress"
    yard.wire("DELETE", f"/_local/faults/{fault}")
    assert yard.wire.finish(begun)["status"] == "Succeeded"
    assert state(yard, yard.path("virtualMachines", "vm")) == "Succeeded"


def test_an_operation_that_never_ends_does_not_outlive_its_group_nor_a_restart(own_yard: Yard) -> None:
    set_fault(own_yard.wire, VM, "lro-never-ends", data={"late": True})
    begun = new_machine(own_yard)
    own_yard.cloud.stop()
    own_yard.wire = wire_to(own_yard.cloud.start())
    assert status(own_yard, begun) == "InProgress"
    gone = own_yard.wire("DELETE", own_yard.group)
    began = time.monotonic()
    while own_yard.wire("GET", gone.headers["Location"]).status_code == 202:
        assert time.monotonic() - began < 10
        time.sleep(0.02)
    assert own_yard.wire("GET", own_yard.group).status_code == 404


def test_an_operation_is_canceled(yard: Yard) -> None:
    set_fault(yard.wire, VM, "lro-canceled")
    ended = yard.wire.finish(new_machine(yard))
    assert (ended["status"], ended["error"]["code"]) == ("Canceled", "OperationPreempted")
    assert state(yard, yard.path("virtualMachines", "vm")) == "Canceled"


@pytest.mark.parametrize("code", ["AllocationFailed", "OverconstrainedAllocationRequest"])
def test_there_is_no_hardware_for_a_machine_whose_disks_are_made(yard: Yard, code: str) -> None:
    set_fault(yard.wire, VM, "allocation-failed", data={"code": code})
    assert yard.failed(new_machine(yard))["code"] == code
    vm = yard.path("virtualMachines", "vm")
    assert state(yard, vm) == "Failed"
    assert state(yard, yard.os_disk(vm)) == "Succeeded"
    yard.done(yard.wire("DELETE", vm))


def test_a_deallocated_machine_may_find_no_hardware_again(yard: Yard) -> None:
    vm = yard.machine()
    yard.bring(vm, "deallocated")
    set_fault(yard.wire, "POST Microsoft.Compute/virtualMachines/start", "allocation-failed")
    assert yard.failed(yard.act(vm, "start"))["code"] == "AllocationFailed"
    yard.done(yard.act(vm, "start"))


@pytest.mark.parametrize(
    ("kind", "http", "code", "words"),
    [
        ("sku-not-available", 409, "SkuNotAvailable", "currently not available in location 'westeurope'"),
        ("quota", 409, "OperationNotAllowed", "exceeding approved Total Regional Cores quota"),
        ("scope-locked", 409, "ScopeLocked", "cannot perform write operation because following scope(s)"),
        ("policy", 403, "RequestDisallowedByPolicy", "Resource 'vm' was disallowed by policy. Policy ident"),
    ],
)
def test_a_machine_is_refused_and_nothing_is_made(
    yard: Yard, kind: str, http: int, code: str, words: str
) -> None:
    set_fault(yard.wire, VM, kind)
    status, found, message = yard.refused(new_machine(yard))
    assert (status, found) == (http, code)
    assert words in message
    assert yard.wire("GET", yard.path("virtualMachines", "vm")).status_code == 404


def test_a_lock_of_ones_own_keeps_a_group_as_azure_says_it(yard: Yard) -> None:
    lock = f"{yard.group}/providers/Microsoft.Authorization/locks/keep"
    assert yard.wire("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    status, code, message = yard.refused(yard.wire("DELETE", yard.group))
    assert (status, code) == (409, "ScopeLocked")
    assert "cannot perform delete operation because following scope(s) are locked" in message
    assert yard.wire("DELETE", lock).status_code == 200


def test_a_guest_that_is_never_ready_leaves_a_failed_machine_that_runs(yard: Yard) -> None:
    set_fault(yard.wire, VM, "provisioning-timeout")
    yard.behave("mute", provisioning="silent")
    error = yard.failed(new_machine(yard, "mute"))
    assert error["code"] == "OSProvisioningTimedOut"
    vm = yard.path("virtualMachines", "mute")
    assert state(yard, vm) == "Failed"
    assert yard.guest(vm)["running"]


def test_a_snapshot_is_made_and_its_copy_fails(yard: Yard) -> None:
    set_fault(yard.wire, "PUT Microsoft.Compute/snapshots", "snapshot-copy-error", data={"percent": 17})
    snapshot = yard.snapshot("s", yard.disk("d"), incremental=True)
    found = yard.get(snapshot)["properties"]
    assert (found["provisioningState"], found["completionPercent"]) == ("Succeeded", 17)
    assert found["copyCompletionError"]["errorCode"] == "CopySourceNotFound"


def replicated(yard: Yard) -> tuple[dict[str, Any], str]:
    """Publish a version at home and in two regions more; how it ended, and its path."""
    parent = shelves.definition(yard, shelves.gallery(yard))
    regions = [{"name": name} for name in ("westeurope", "northeurope", "eastus")]
    body = shelves.body(shelves.source(yard), targetRegions=regions)
    path = f"{parent}/versions/1.0.0"
    return yard.wire.finish(yard.wire("PUT", path, body)), path


def test_a_version_is_whole_at_home_and_fails_in_one_region(yard: Yard) -> None:
    set_fault(yard.wire, VERSION, "replication-failed", data={"region": "North Europe"})
    ended, path = replicated(yard)
    assert ended["error"]["message"].startswith("Gallery replication jobs failed in one or more regions.")
    found = yard.get(path, **{"$expand": "ReplicationStatus"})["properties"]
    assert (found["provisioningState"], found["replicationStatus"]["aggregatedState"]) == ("Failed", "Failed")
    states = {one["region"]: one["state"] for one in found["replicationStatus"]["summary"]}
    assert (states["West Europe"], states["North Europe"]) == ("Completed", "Failed")

    yard.done(yard.wire("PATCH", path, {"properties": {}}))
    again = yard.get(path, **{"$expand": "ReplicationStatus"})["properties"]
    assert again["replicationStatus"]["aggregatedState"] == "Completed"


def test_a_script_is_never_taken_up(yard: Yard) -> None:
    vm = yard.machine()
    set_fault(
        yard.wire,
        "PUT Microsoft.Compute/virtualMachines/runCommands",
        "run-command-hangs",
        data={"seconds": 0.1},
    )
    path = f"{vm}/runCommands/r"
    error = yard.failed(yard.wire("PUT", path, HERE | {"properties": {"source": {"script": "echo x"}}}))
    assert error["code"] == "VMAgentStatusCommunicationError"
    assert state(yard, path) == "Failed"


def test_an_access_signature_runs_out_as_storage_says_it(yard: Yard) -> None:
    vm = yard.machine(diagnosticsProfile={"bootDiagnostics": {"enabled": True}})
    log = yard.act(vm, "retrieveBootDiagnosticsData").json()["serialConsoleLogBlobUri"]
    set_fault(yard.wire, "GET blob", "sas-expired")
    refused, again = yard.wire("GET", log), yard.wire("GET", log)
    assert (refused.status_code, refused.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    assert b"Signature not valid in the specified time frame" in refused.content
    assert again.status_code == 200


def test_a_token_that_ran_out_stays_so_and_a_new_one_is_good(yard: Yard) -> None:
    set_fault(yard.wire, "*", "token-expired")
    for _ in range(2):
        refused = yard.wire("GET", yard.group)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")
    with yard.cloud.credential() as credential:
        newer = credential.get_token(f"{yard.cloud.endpoint}/.default").token
    url = f"{yard.cloud.endpoint}{yard.group}?api-version=2021-04-01"
    good = requests.get(url, headers={"Authorization": f"Bearer {newer}"}, verify=yard.cloud.ca, timeout=30)
    assert good.status_code == 200


def test_the_services_clock_goes_wrong_and_right_again(yard: Yard) -> None:
    def off() -> float:
        shown = parsedate_to_datetime(yard.wire("GET", yard.group).headers["Date"])
        return (shown - datetime.now(UTC)).total_seconds()

    set_fault(yard.wire, "*", "clock-skew", data={"seconds": -900})
    assert off() == pytest.approx(-900, abs=5)
    yard.wire("DELETE", "/_local/faults")
    assert off() == pytest.approx(0, abs=5)


def test_a_fault_meant_for_an_operation_leaves_its_siblings_alone(wire: Wire, group: str) -> None:
    set_fault(wire, NSG, "lro-fails", occurrence=2)
    ends = [wire.finish(wire("PUT", nsg(group, name), HERE))["status"] for name in "abc"]
    assert ends == ["Succeeded", "Failed", "Succeeded"]


def test_the_second_machine_that_starts_dies_and_azure_sees_it_stopped(yard: Yard) -> None:
    set_fault(yard.wire, "GUEST start", "guest-dies", occurrence=2, resource="*/virtualMachines/mortal*")
    first = yard.machine("mortal-1")
    second = yard.path("virtualMachines", "mortal-2")
    begun = yard.wire("PUT", second, yard.machine_body())
    yard.wire.finish(begun)
    assert "PowerState/running" in yard.statuses(first)
    assert "PowerState/running" not in yard.statuses(second)
    assert yard.guest(second)["disturbances"][0]["effect"] == "die"
