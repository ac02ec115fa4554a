"""Sysprep on the model: scripts as people publish them bring a machine to the same state."""

from __future__ import annotations

import asyncio
import re

import pytest
from pypsrp.client import Client

from localazure.guests.windows.failures import failures
from tests.localazure.guests.windows.rooms import PASSWORD, USER, Guest, Room, until

STATE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State"

PACKER = r"""
# As HashiCorp documents it for its Azure builder: wait for the agents, run Sysprep, poll the image state.
while ((Get-Service RdAgent).Status -ne 'Running') { Start-Sleep -s 5 }
while ((Get-Service WindowsAzureGuestAgent).Status -ne 'Running') { Start-Sleep -s 5 }
& $env:SystemRoot\System32\Sysprep\Sysprep.exe /oobe /generalize /quiet /quit /mode:vm
while($true) {
  $imageState = Get-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State | Select ImageState
  if($imageState.ImageState -ne 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') { Write-Output $imageState.ImageState; Start-Sleep -s 10 } else { break }
}
"""

RUNNER_IMAGES = r"""
# As images for hosted runners do it: an answer file left behind goes first, then the same, with a look at the tag.
if (Test-Path $env:SystemRoot\System32\Sysprep\unattend.xml) {
    Remove-Item $env:SystemRoot\System32\Sysprep\unattend.xml -Force
}
$services = 'RdAgent', 'WindowsAzureTelemetryService', 'WindowsAzureGuestAgent'
foreach ($name in $services) {
    $service = Get-Service -Name $name -ErrorAction SilentlyContinue
    if ($null -ne $service) { while ((Get-Service $name).Status -ne 'Running') { Start-Sleep -Seconds 5 } }
}
Start-Process -FilePath "$env:SystemRoot\System32\Sysprep\Sysprep.exe" -ArgumentList '/oobe', '/generalize', '/mode:vm', '/quiet', '/quit' -Wait
do {
    $state = (Get-ItemProperty -Path HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State -Name ImageState).ImageState
    Write-Host "state: $state"
    if ($state -eq 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE') { break }
    Start-Sleep -Seconds 5
} while ($true)
if (-not (Test-Path "$env:SystemRoot\System32\Sysprep\Sysprep_succeeded.tag")) { throw 'no tag' }
"""

SNAP = r"""
# As scripts do that clone a machine and capture the clone: Sysprep shuts the machine down itself.
$sysprep = 'C:\Windows\System32\Sysprep\Sysprep.exe'
$arg = '/generalize /oobe /shutdown /quiet /mode:vm'
Remove-Item -Path 'C:\Windows\Panther' -Recurse -Force -ErrorAction SilentlyContinue
$invocation = Start-Process -FilePath $sysprep -ArgumentList $arg -PassThru
Write-Output ("started " + $invocation.ProcessName)
"""


async def generalized(guest: Guest) -> None:
    """What all of them must have reached."""
    machine = guest.machine
    assert machine.image_state == "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE"
    assert machine.files.is_file(r"C:\Windows\System32\Sysprep\Sysprep_succeeded.tag")
    assert machine.document["machine_sid_blank"]
    assert machine.document["licensing"]["rearms"] == 4


async def reborn(room: Room, disk: str) -> Guest:
    """A machine from a captured disk, with another administrator and name."""
    [copy] = await room.host.copy([disk])
    guest = await room.boot(copy, name="fresh02", user="second", password="Other-Lantern-4")
    return await guest.ready()


async def test_packers_documented_snippet_generalizes_and_its_disk_makes_a_new_machine(
    room: Room, guest: Guest
) -> None:
    sid = guest.machine.users.machine_sid
    await guest.open()
    status, out, err = await guest.ps(PACKER)
    assert (status, err) == (0, "")
    assert "IMAGE_STATE_UNDEPLOYABLE" in out
    await generalized(guest)
    disk = await room.off(guest)
    second = await reborn(room, disk)
    assert second.machine.users.machine_sid != sid
    assert second.report().computer_name == "FRESH02"
    assert second.machine.image_state == "IMAGE_STATE_COMPLETE"
    names = await second.json(
        "@(Get-LocalUser | Where-Object Enabled | ForEach-Object { $_.Name }) | ConvertTo-Json -Compress"
    )
    assert names in ("second", ["second"])


async def test_the_runner_images_way_reaches_the_same_state_by_pypsrp(guest: Guest) -> None:
    await guest.open()

    def run() -> tuple[str, str, int]:
        with Client(
            guest.spec.address,
            username=USER,
            password=PASSWORD,
            ssl=True,
            cert_validation=False,
            auth="negotiate",
        ) as client:
            guest.machine.files.make_directory(r"C:\work")
            guest.machine.files.write_text(r"C:\work\generalize.ps1", RUNNER_IMAGES)
            return client.execute_cmd(r"powershell -ExecutionPolicy Bypass -File C:\work\generalize.ps1")

    out, err, status = await asyncio.to_thread(run)
    assert (status, err) == (0, ""), out
    assert "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE" in out
    await generalized(guest)


async def test_a_clone_script_that_lets_sysprep_shut_down_ends_with_a_machine_that_is_off(
    room: Room, guest: Guest
) -> None:
    assert "started sysprep" in (await guest.out(SNAP)).lower()
    await until(lambda: not room.host.is_running(guest.spec.machine_id), 60, "the shutdown")
    second = await reborn(room, guest.spec.os_disk)
    assert second.machine.document["licensing"]["rearms"] == 4


async def test_the_log_is_that_of_sysprep_and_a_second_run_goes_on_in_it(guest: Guest) -> None:
    await guest.out(
        r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit /mode:vm | Out-Null"
    )
    log = guest.machine.files.read_text(r"C:\Windows\System32\Sysprep\Panther\setupact.log")
    assert log.count("Beginning of a new sysprep run") == 1
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, Info +SYSPRP", log, re.MULTILINE)
    assert "FCreateTagFile:Tag file" in log
    await guest.out(
        r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit /mode:vm | Out-Null"
    )
    assert (
        guest.machine.files.read_text(r"C:\Windows\System32\Sysprep\Panther\setupact.log").count(
            "Beginning of"
        )
        == 2
    )


IN_TASK = r"""
$ErrorActionPreference = 'Stop'
$a = New-ScheduledTaskAction -Execute 'C:\Windows\System32\Sysprep\sysprep.exe' -Argument '/oobe /generalize /quiet /quit /mode:vm'
Register-ScheduledTask -TaskName gen -Action $a -User 'azureuser' -Password '%s' -RunLevel Highest -Force | Out-Null
Start-ScheduledTask -TaskName gen
"""
NOT_SYSPREPS = {"restarts", "unreachable"}
"""What comes with Sysprep and is no failure of its own."""
STRIKING = sorted(
    name for name, one in failures().items() if one.moment == "sysprep" and name not in NOT_SYSPREPS
)


@pytest.mark.parametrize("name", STRIKING)
async def test_each_failure_ends_sysprep_in_its_own_words_or_not_at_all(guest: Guest, name: str) -> None:
    guest.host.provoke(guest.spec.os_disk, name)
    await guest.out(IN_TASK % PASSWORD)
    failure = failures()[name]
    blow = failure.strike(guest.machine)
    assert blow is not None
    task = guest.machine.document["tasks"]["gen"]
    log = (
        r"C:\Windows\System32\Sysprep\Panther\setuperr.log"
        if not blow.hangs
        else r"C:\Windows\System32\Sysprep\Panther\setupact.log"
    )
    await until(
        lambda: (
            guest.machine.files.is_file(log) and blow.lines[-1].text in guest.machine.files.read_text(log)
        ),
        60,
        name,
    )
    if blow.hangs:
        await asyncio.sleep(0.1)
        assert task["state"] == "Running"
    else:
        await until(lambda: task["state"] == "Ready", 60, "the task's end")
        assert task["result"] == blow.status != 0
    changed = failure.stage == "generalize"
    assert guest.machine.image_state == ("IMAGE_STATE_UNDEPLOYABLE" if changed else "IMAGE_STATE_COMPLETE")


async def test_a_machine_that_restarts_under_sysprep_is_half_way_and_up_again(guest: Guest) -> None:
    guest.host.bring_about(guest.spec.machine_id, "restarts", "sysprep")
    booted = guest.machine.booted
    await guest.out(IN_TASK % PASSWORD)
    await until(lambda: guest.machine.booted > booted and guest.machine.up.is_set(), 60, "the restart")
    assert guest.machine.image_state == "IMAGE_STATE_UNDEPLOYABLE"
    assert guest.machine.processes.named("sysprep") == []


async def test_a_failure_that_is_mended_does_not_strike(guest: Guest) -> None:
    guest.host.provoke(guest.spec.os_disk, "appx-per-user")
    await guest.out("Get-AppxPackage -AllUsers | Remove-AppxPackage -AllUsers")
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    await generalized(guest)


async def test_sysprep_that_dies_with_its_winrm_shell_leaves_a_machine_that_refuses_the_next_run(
    guest: Guest,
) -> None:
    await guest.open()

    def cut() -> None:
        protocol = guest.session().protocol
        shell = protocol.open_shell()
        protocol.run_command(
            shell,
            r"powershell -Command C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit",
        )
        end = 200
        while guest.machine.image_state != "IMAGE_STATE_UNDEPLOYABLE" and end:
            end -= 1
            protocol.send_message  # noqa: B018 - the wire stays open
            import time

            time.sleep(0.01)
        protocol.close_shell(shell)

    await asyncio.to_thread(cut)
    assert guest.machine.image_state == "IMAGE_STATE_UNDEPLOYABLE"
    assert guest.machine.processes.named("sysprep") == []
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    errors = guest.machine.files.read_text(r"C:\Windows\System32\Sysprep\Panther\setuperr.log")
    assert "Not running DLLs; either the machine is in an invalid state" in errors


@pytest.mark.parametrize("name", ["must-change-password", "provisioning-media"])
async def test_an_image_whose_first_start_stalls_never_says_a_word(
    room: Room, guest: Guest, name: str
) -> None:
    guest.host.provoke(guest.spec.os_disk, name)
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    await generalized(guest)
    [copy] = await room.host.copy([await room.off(guest)])
    second = await room.boot(copy, name="fresh02", user="second", password="Other-Lantern-4")
    await until(lambda: "Setup" in " ".join(second.machine.console), 60, "Setup")
    await asyncio.sleep(0.3)
    assert second.report().provisioning is None
    assert second.report().agent_status is None


async def test_an_answer_file_of_ones_own_makes_provisioning_fail_with_a_report(
    room: Room, guest: Guest
) -> None:
    guest.host.provoke(guest.spec.os_disk, "custom-unattend")
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    [copy] = await room.host.copy([await room.off(guest)])
    second = await room.boot(copy, name="fresh02")
    await until(lambda: second.report().provisioning == "NotReady", 60, "the report")
    assert second.report().provisioning_detail.startswith("ProvisioningFailed")


async def test_a_disk_that_was_never_generalized_runs_as_it_is_and_its_agent_reads_no_media(
    room: Room, guest: Guest
) -> None:
    sid = guest.machine.users.machine_sid
    [copy] = await room.host.copy([await room.off(guest)])
    second = await room.boot(copy, name="fresh02", user="second")
    await until(lambda: second.report().agent_status == "Ready", 60, "the agent")
    assert second.report().provisioning is None
    assert (second.report().computer_name, second.machine.users.machine_sid) == ("WIN01", sid)


async def test_attached_disks_boot_as_they_are(room: Room, guest: Guest) -> None:
    await guest.out(r"Set-Content -Path C:\mark.txt -Value 'before'")
    [copy] = await room.host.copy([guest.spec.os_disk])
    second = await (await room.boot(copy, provision=False)).ready()
    assert await second.out(r"Get-Content C:\mark.txt") == "before"


async def test_a_generalized_disk_that_is_attached_waits_in_setup(room: Room) -> None:
    guest = await room.boot(provision=False)
    await until(lambda: any("waits for answers" in line for line in guest.machine.console), 60, "Setup")
    assert guest.report().provisioning is None


async def test_a_state_that_comes_with_sysprep_is_seen_by_no_look_before(guest: Guest) -> None:
    guest.host.bring_about(guest.spec.machine_id, "appx-per-user", "sysprep")
    assert await guest.out("@(Get-AppxPackage -AllUsers).Count") == "0"
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    errors = guest.machine.files.read_text(r"C:\Windows\System32\Sysprep\Panther\setuperr.log")
    assert "Microsoft.Windows.Photos_2024.11050.29009.0_x64__8wekyb3d8bbwe was installed for a user" in errors
