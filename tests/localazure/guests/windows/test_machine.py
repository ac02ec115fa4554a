"""What scripts find on a machine and change, and what outlives a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from localazure.guests.base import DataDisk, GuestError
from localazure.guests.windows.host import WindowsHost
from tests.localazure.guests.windows.rooms import PASSWORD, Guest, Room, until

UPDATE = r"""
$session = New-Object -ComObject Microsoft.Update.Session
$found = $session.CreateUpdateSearcher().Search("IsInstalled=0 and Type='Software'")
$wanted = New-Object -ComObject Microsoft.Update.UpdateColl
foreach ($update in $found.Updates) { $wanted.Add($update) | Out-Null }
if ($wanted.Count -gt 0) {
    $loader = $session.CreateUpdateDownloader(); $loader.Updates = $wanted; $loader.Download() | Out-Null
    $installer = $session.CreateUpdateInstaller(); $installer.Updates = $wanted
    $installer.Install() | Out-Null
}
"$($wanted.Count) $((New-Object -ComObject Microsoft.Update.SystemInfo).RebootRequired)"
"""


async def restarted(guest: Guest) -> None:
    boot = guest.machine.booted
    await guest.host.restart(guest.spec.machine_id)
    await until(lambda: guest.machine.booted > boot and guest.machine.up.is_set(), 60, "the restart")


async def test_updates_are_found_installed_and_wait_for_a_restart_until_none_is_left(guest: Guest) -> None:
    assert await guest.out(UPDATE) == "2 True"
    key = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
    assert await guest.out(f"Test-Path '{key}'") == "True"
    await restarted(guest)
    assert await guest.out(f"Test-Path '{key}'") == "False"
    assert await guest.out(UPDATE) == "0 False"
    assert "KB5071547" in await guest.out("(Get-HotFix).HotFixID -join ','")


async def test_over_the_network_the_update_agent_installs_nothing(guest: Guest) -> None:
    await guest.open()
    status, _, err = await guest.ps("$ErrorActionPreference='Stop'\n" + UPDATE)
    assert status == 1
    assert "Access is denied" in err


async def test_a_name_waits_for_the_restart(guest: Guest) -> None:
    await guest.out("Rename-Computer -NewName other -Force")
    assert await guest.out("$env:COMPUTERNAME") == "WIN01"
    await restarted(guest)
    assert await guest.out("$env:COMPUTERNAME") == "OTHER"


async def test_a_task_outlives_the_session_that_started_it_and_runs_as_its_user(guest: Guest) -> None:
    await guest.open()
    task = rf"""
    $a = New-ScheduledTaskAction -Execute powershell.exe -Argument '-Command Start-Sleep 20; Set-Content C:\who.txt $env:USERNAME'
    Register-ScheduledTask -TaskName t -Action $a -User azureuser -Password '{PASSWORD}' -RunLevel Highest | Out-Null
    Start-ScheduledTask t; [string](Get-ScheduledTask t).State
    """
    assert (await guest.ps(task))[1] == "Running"
    await until(lambda: guest.machine.files.is_file(r"C:\who.txt"), 30, "the task")
    assert await guest.out(r"Get-Content C:\who.txt") == "azureuser"


async def test_a_task_with_a_wrong_password_is_refused(guest: Guest) -> None:
    status = await guest.command(
        "$ErrorActionPreference = 'Stop'; $a = New-ScheduledTaskAction -Execute cmd.exe; Register-ScheduledTask t -Action $a -User azureuser -Password no"
    )
    assert status.exit_code == 1
    assert "The user name or password is incorrect" in status.stderr


async def test_a_data_disk_is_raw_until_it_is_formatted_and_its_files_go_with_it(room: Room) -> None:
    content = await room.host.create_empty(8)
    first = await (await room.boot(data=(DataDisk(3, content, 8, "data"),))).ready()
    await first.out(
        "Get-Disk | Where-Object PartitionStyle -eq 'RAW' | Initialize-Disk -PartitionStyle GPT -PassThru | New-Partition -UseMaximumSize -DriveLetter F | "
        "Format-Volume -FileSystem NTFS -NewFileSystemLabel stuff | Out-Null; New-Item F:\\d -ItemType Directory | Out-Null; Set-Content F:\\d\\a.txt 'kept'"
    )
    [copy] = await room.host.copy([content])
    second = await (await room.boot(name="win02", data=(DataDisk(0, copy, 8, "data"),))).ready()
    assert await second.out(r"Get-Content F:\d\a.txt; (Get-Volume F).FileSystemLabel") == "kept\nstuff"


async def test_copies_are_of_one_moment_and_independent(room: Room, guest: Guest) -> None:
    await guest.out(r"Set-Content C:\a.txt 1")
    [copy] = await room.host.copy([guest.spec.os_disk])
    await guest.out(r"Set-Content C:\a.txt 2")
    assert room.host.document(copy)["files"][r"c:\a.txt"]["text"] == "1\r\n"


async def test_a_disk_as_bytes_and_back_is_the_same_disk(room: Room, guest: Guest, tmp_path: Path) -> None:
    disk = await room.off(guest)
    await room.host.write_raw(disk, 1, tmp_path / "raw")
    again = await room.host.read_raw(tmp_path / "raw")
    assert room.host.document(again) == room.host.document(disk)


async def test_after_the_death_of_its_process_a_machine_comes_up_again(
    room: Room, guest: Guest, tmp_path: Path
) -> None:
    await guest.out(r"Set-Content C:\a.txt kept")
    await asyncio.sleep(0.5)  # what was written reaches the disk within a fifth of a second
    successor = WindowsHost(tmp_path / "state")
    successor.pace(0.002)
    successor.adopt()
    try:
        reborn = Guest(successor, guest.spec)
        await until(
            lambda: successor.is_running(guest.spec.machine_id) and reborn.report().agent_status == "Ready",
            60,
            "the agent",
        )
        assert await reborn.out(r"Get-Content C:\a.txt") == "kept"
    finally:
        await successor.shutdown()


async def test_a_disk_without_windows_does_not_start(room: Room) -> None:
    with pytest.raises(GuestError, match="there is no Windows on its OS disk"):
        await room.boot(await room.host.create_empty(4))


async def test_an_old_password_opens_nothing_in_a_machine_of_the_image_but_its_profile_is_left(
    room: Room, guest: Guest
) -> None:
    await guest.open()
    await guest.ps("1")
    await guest.out(r"& C:\Windows\System32\Sysprep\sysprep.exe /oobe /generalize /quiet /quit | Out-Null")
    [copy] = await room.host.copy([await room.off(guest)])
    second = await (await room.boot(copy, name="win02", user="other", password="Other-Lantern-4")).ready()
    script = "@(Get-CimInstance Win32_UserProfile | Where-Object { -not $_.Special } | ForEach-Object LocalPath) -join ','"
    assert r"C:\Users\azureuser" in await second.out(script)
    assert await second.out("@(Get-LocalUser azureuser -ErrorAction SilentlyContinue).Count") == "0"
    answers = await second.out(r"(Get-Content C:\Windows\Panther\unattend.xml) -join ''")
    assert "SENSITIVE*DATA*DELETED" in answers
    assert "Other-Lantern-4" not in answers


async def test_no_password_lies_on_the_disk_in_the_clear(room: Room, guest: Guest) -> None:
    await guest.open()
    await guest.ps("1")
    assert PASSWORD not in json.dumps(room.host.document(guest.spec.os_disk))
