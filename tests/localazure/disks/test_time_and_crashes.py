"""Copies that take time, and a server that dies in between."""

from __future__ import annotations

import signal
import time

from tests.localazure.disks.lives import reopened
from tests.localazure.machines import Yard


def test_a_copy_between_regions_grows_and_holds_its_source(own_yard: Yard) -> None:
    yard = own_yard
    yard.cloud.stop()
    yard.cloud.options = ("--scale", "0.02")  # the background copy takes 1.2 seconds
    yard = reopened(yard)
    here = yard.snapshot("here", yard.disk("disk"), incremental=True)
    there = yard.path("snapshots", "there")
    creation = {"createOption": "CopyStart", "sourceResourceId": here}
    body = {"location": "eastus", "properties": {"creationData": creation, "incremental": True}}
    yard.done(yard.wire("PUT", there, body))
    first = yard.get(there)["properties"]
    assert first["provisioningState"] == "Succeeded"
    assert first["completionPercent"] < 100.0, "the operation is over, the copy is not"
    found = yard.refused(yard.wire("DELETE", here))
    assert found[:2] == (409, "OperationNotAllowed")
    disk = {
        "location": "eastus",
        "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": there}},
    }
    assert "still being copied" in yard.refused(yard.wire("PUT", yard.path("disks", "new"), disk))[2]
    seen = [first["completionPercent"]]
    while seen[-1] < 100.0:
        time.sleep(0.1)
        seen.append(yard.get(there)["properties"]["completionPercent"])
    assert seen == sorted(seen) and len(set(seen)) > 2
    yard.done(yard.wire("DELETE", here))
    yard.done(yard.wire("PUT", yard.path("disks", "new"), disk))


def test_a_machine_in_creation_survives_the_servers_death(own_yard: Yard) -> None:
    yard = own_yard
    yard.behave("vm", provisioning="silent", agent="silent")
    path = yard.path("virtualMachines", "vm")
    creation = yard.wire("PUT", path, yard.machine_body())
    while not yard.look()["machines"]:
        time.sleep(0.02)
    disks, contents = (
        len(yard.get(f"{yard.group}/providers/Microsoft.Compute/disks")["value"]),
        yard.look()["contents"],
    )
    yard.cloud.stop(signal.SIGKILL)
    yard = reopened(yard)
    yard.behave("vm", provisioning=None, agent=None)
    yard.done(creation)
    assert yard.get(path)["properties"]["provisioningState"] == "Succeeded"
    assert yard.guest(path)["running"]
    assert len(yard.get(f"{yard.group}/providers/Microsoft.Compute/disks")["value"]) == disks == 1
    assert yard.look()["contents"].keys() == contents.keys(), "nothing was copied a second time"


def test_an_action_in_progress_is_taken_up_again(own_yard: Yard) -> None:
    yard = own_yard
    vm = yard.machine()
    yard.cloud.stop(signal.SIGKILL)
    yard.cloud.options = ("--scale", "0.02")
    yard = reopened(yard)
    assert "PowerState/running" in yard.statuses(vm), "the machine lived on"
    action = yard.act(vm, "deallocate")
    assert "PowerState/deallocating" in yard.statuses(vm)
    yard.cloud.stop(signal.SIGKILL)
    yard = reopened(yard)
    yard.done(action)
    assert "PowerState/deallocated" in yard.statuses(vm)
    assert yard.guest(vm)["running"] is False
