"""The same wire with real machines behind it: agent, scripts, copies of disks under a running system."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localazure.conftest import LocalCloud
from tests.localazure.machines import Yard, os_profile
from tests.localazure.yards import open_yard

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def real_yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    if os.geteuid() != 0:
        pytest.skip("namespace guests need root")
    cloud = LocalCloud(tmp_path_factory.mktemp("real") / "state", guest="namespace").start()
    try:
        yield open_yard(cloud)
    finally:
        assert cloud.stop() == 0


def marketplace(yard: Yard) -> dict[str, str]:
    region = f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/locations/westeurope"
    place = f"{region}/publishers"
    reference = {"version": "latest"}
    for part, below in (
        ("publisher", "artifacttypes/vmimage/offers"),
        ("offer", "skus"),
        ("sku", "versions"),
    ):
        (found,) = yard.wire("GET", place).json()
        reference[part] = found["name"]
        place = f"{place}/{found['name']}/{below}"
    return reference


def script(yard: Yard, vm: str, name: str, text: str) -> str:
    """Run a script in the guest; its output."""
    body = {"location": "westeurope", "properties": {"source": {"script": text}, "timeoutInSeconds": 60}}
    yard.done(yard.wire("PUT", f"{vm}/runCommands/{name}", body))
    view: dict[str, Any] = yard.get(f"{vm}/runCommands/{name}", **{"$expand": "instanceView"})["properties"][
        "instanceView"
    ]
    assert (view["executionState"], view["exitCode"]) == ("Succeeded", 0), view
    return str(view["output"])


def test_a_real_machine_lives_through_restore_point_and_attach(real_yard: Yard, tmp_path: Path) -> None:
    yard = real_yard
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    profile = os_profile("builder", "source")
    profile["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] = (
        key.with_suffix(".pub").read_text().strip()
    )
    data = [{"lun": 0, "createOption": "Empty", "diskSizeGB": 1, "name": "payload"}]
    storage = {
        "imageReference": marketplace(yard),
        "osDisk": {"createOption": "FromImage"},
        "dataDisks": data,
    }
    vm = yard.machine("source", osProfile=profile, storageProfile=storage)
    assert yard.get(vm)["properties"]["provisioningState"] == "Succeeded"
    assert script(yard, vm, "who", "hostname; getent passwd builder | cut -d: -f1").split() == [
        "source",
        "builder",
    ]
    view = yard.get(f"{vm}/instanceView")
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    assert view["osName"] and view["vmAgent"]["vmAgentVersion"]
    script(yard, vm, "mark", "echo before > /etc/mark; sync")
    points = yard.path("restorePointCollections", "points")
    yard.wire("PUT", points, {"location": "westeurope", "properties": {"source": {"id": vm}}})
    crash = {"properties": {"consistencyMode": "CrashConsistent"}}
    yard.done(yard.wire("PUT", f"{points}/restorePoints/p1", crash))
    script(yard, vm, "change", "echo after > /etc/mark; sync")
    yard.done(yard.act(vm, "deallocate"))
    assert "PowerState/deallocated" in yard.statuses(vm)
    point = yard.get(f"{points}/restorePoints/p1")["properties"]["sourceMetadata"]["storageProfile"]
    restored = yard.path("disks", "restored")
    creation = {"createOption": "Restore", "sourceResourceId": point["osDisk"]["diskRestorePoint"]["id"]}
    yard.done(
        yard.wire("PUT", restored, {"location": "westeurope", "properties": {"creationData": creation}})
    )
    attach = {"osDisk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": restored}}}
    copy = yard.machine("copy", storageProfile=attach, osProfile=None)
    assert script(yard, copy, "read", "cat /etc/mark; hostname").split() == ["before", "source"]
    yard.done(yard.act(copy, "restart"))
    assert script(yard, copy, "again", "cat /etc/mark").split() == ["before"]
    action = yard.act(
        copy, "runCommand", {"commandId": "RunShellScript", "script": ["echo through the action"]}
    )
    assert "through the action" in yard.done(action)["properties"]["output"]["value"][0]["message"]
    for machine in (vm, copy):
        yard.done(yard.wire("DELETE", machine))


def test_a_machine_powered_off_from_inside_is_stopped(real_yard: Yard) -> None:
    yard = real_yard
    storage = {"imageReference": marketplace(yard), "osDisk": {"createOption": "FromImage"}}
    vm = yard.machine("brief", storageProfile=storage, osProfile=os_profile("builder", "brief"))
    off = {"location": "westeurope", "properties": {"source": {"script": "systemd-run poweroff"}}}
    assert yard.wire("PUT", f"{vm}/runCommands/off", off).status_code == 201
    deadline = time.monotonic() + 30
    while "PowerState/stopped" not in yard.statuses(vm) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "PowerState/stopped" in yard.statuses(vm)
    assert yard.act(vm, "generalize").status_code == 200
    yard.done(yard.wire("DELETE", vm))
