"""Virtual machines with Windows: rules of osProfile, the agent, images, a disk that was not generalized."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localazure.conftest import LocalCloud, wire_to
from tests.localazure.machines import Yard
from tests.localazure.yards import open_yard

PASSWORD = "Quiet-Harbour-7"
MARKETPLACE = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
    "version": "latest",
}
STORAGE = {"imageReference": MARKETPLACE, "osDisk": {"createOption": "FromImage"}}
SCRIPT = """
param([string]$who, [string]$secret)
"$who $env:USERNAME $($secret.Length)"
Write-Error 'oh'
exit 3
"""
SYSPREP = r"& $env:SystemRoot\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit /mode:vm | Out-Null"


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAZURE_PATIENCE", "8")
        cloud = LocalCloud(tmp_path_factory.mktemp("windows") / "state", guest="windows").start()
    wire = wire_to(cloud)
    with wire.session:
        yield open_yard(cloud, wire)
    assert cloud.stop() == 0


def profile(**other: Any) -> dict[str, Any]:
    return {"computerName": "win01", "adminUsername": "azureuser", "adminPassword": PASSWORD} | other


def machine(yard: Yard, name: str, **properties: Any) -> str:
    return yard.machine(name, **({"storageProfile": STORAGE, "osProfile": profile()} | properties))


def run(yard: Yard, vm: str, script: str, **properties: Any) -> dict[str, Any]:
    body = {"location": "westeurope", "properties": {"source": {"script": script}} | properties}
    yard.done(yard.wire("PUT", f"{vm}/runCommands/test", body))
    found: dict[str, Any] = yard.get(f"{vm}/runCommands/test", **{"$expand": "instanceView"})["properties"][
        "instanceView"
    ]
    return found


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"computerName": "a-name-of-16-char"},
            "Windows computer name cannot be more than 15 characters long",
        ),
        ({"computerName": "12345"}, "be entirely numeric"),
        ({"computerName": "a.b"}, "Windows computer name cannot be"),
        ({"adminUsername": "a-user-name-of-21-chr"}, "The Admin Username specified is not allowed"),
        ({"adminUsername": "administrator"}, "The Admin Username specified is not allowed"),
        ({"adminPassword": "Short-1"}, "must be between 8-123 characters long"),
        ({"adminPassword": "onlylowercaseletters"}, "at least 3 of password complexity requirements"),
        ({"adminPassword": None}, "Required parameter 'osProfile.adminPassword' is missing"),
        ({"linuxConfiguration": {}}, "Parameter 'linuxConfiguration' is not allowed"),
    ],
)
def test_a_profile_that_windows_does_not_take_is_refused_in_azures_words(
    windows: Yard, wrong: dict[str, Any], message: str
) -> None:
    given = {k: v for k, v in profile(**wrong).items() if v is not None}
    body = windows.machine_body(storageProfile=STORAGE, osProfile=given)
    status, code, text = windows.refused(
        windows.wire("PUT", windows.path("virtualMachines", "refused"), body)
    )
    assert (status, code) == (400, "InvalidParameter")
    assert message in text


def test_a_machine_of_the_marketplace_runs_scripts_by_both_ways_and_reports_itself(windows: Yard) -> None:
    vm = machine(windows, "first")
    shown = windows.get(vm)["properties"]
    assert shown["osProfile"]["windowsConfiguration"]["provisionVMAgent"] is True
    assert "adminPassword" not in shown["osProfile"]
    view = windows.get(f"{vm}/instanceView")
    assert (view["computerName"], view["osName"]) == ("WIN01", "Microsoft Windows Server 2022 Datacenter")
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Ready"
    managed = run(
        windows,
        vm,
        SCRIPT,
        parameters=[{"name": "who", "value": "hello"}],
        protectedParameters=[{"name": "secret", "value": "s3cret"}],
    )
    assert (managed["executionState"], managed["exitCode"], managed["output"]) == (
        "Failed",
        3,
        "hello WIN01$ 6",
    )
    assert "oh" in managed["error"]
    body = {"commandId": "RunPowerShellScript", "script": ["$env:COMPUTERNAME", "Get-Service nothing"]}
    answer = windows.done(windows.act(vm, "runCommand", body))["properties"]["output"]["value"]
    assert [one["code"] for one in answer] == [
        "ComponentStatus/StdOut/succeeded",
        "ComponentStatus/StdErr/succeeded",
    ]
    assert answer[0]["message"] == "WIN01"
    assert "Cannot find any service" in answer[1]["message"]
    status, _, _ = windows.refused(
        windows.act(vm, "runCommand", {"commandId": "RunShellScript", "script": ["ls"]})
    )
    assert status == 501


def test_an_image_of_a_generalized_machine_makes_another_and_of_an_ungeneralized_one_none(
    windows: Yard,
) -> None:
    vm = machine(windows, "second")
    assert run(windows, vm, SYSPREP)["exitCode"] == 0
    windows.done(windows.act(vm, "deallocate"))
    assert windows.act(vm, "generalize").status_code == 200
    image = windows.path("images", "good")
    windows.done(
        windows.wire(
            "PUT",
            image,
            {
                "location": "westeurope",
                "properties": {"sourceVirtualMachine": {"id": vm}, "hyperVGeneration": "V2"},
            },
        )
    )
    storage = {"imageReference": {"id": image}, "osDisk": {"createOption": "FromImage"}}
    made = machine(
        windows,
        "made",
        storageProfile=storage,
        osProfile=profile(computerName="win02", adminUsername="other"),
    )
    assert windows.get(f"{made}/instanceView")["computerName"] == "WIN02"

    lazy = machine(windows, "lazy")
    windows.done(windows.act(lazy, "deallocate"))
    assert windows.act(lazy, "generalize").status_code == 200  # Azure believes whoever says so
    bad = windows.path("images", "bad")
    windows.done(
        windows.wire(
            "PUT",
            bad,
            {
                "location": "westeurope",
                "properties": {"sourceVirtualMachine": {"id": lazy}, "hyperVGeneration": "V2"},
            },
        )
    )
    body = windows.machine_body(
        storageProfile={"imageReference": {"id": bad}, "osDisk": {"createOption": "FromImage"}},
        osProfile=profile(),
    )
    error = windows.failed(windows.wire("PUT", windows.path("virtualMachines", "never"), body))
    assert error["code"] == "OSProvisioningTimedOut"
    assert "the VM guest agent was detected running" in error["message"]


def test_a_named_fault_is_a_state_of_the_machine_that_starts_next(windows: Yard) -> None:
    known = [one["name"] for one in windows.wire("GET", "/_local/faults/named").json()["named"]]
    assert "bitlocker-on" in known
    assert windows.wire("POST", "/_local/faults", {"name": "bitlocker-on"}).status_code == 201
    vm = machine(windows, "faulty")
    assert "FullyDecrypted" in run(windows, vm, "(Get-BitLockerVolume C:).VolumeStatus")["output"]
    run(windows, vm, SYSPREP)
    errors = run(windows, vm, r"Get-Content C:\Windows\System32\Sysprep\Panther\setuperr.log")["output"]
    assert "BitLocker is on for the OS volume" in errors
