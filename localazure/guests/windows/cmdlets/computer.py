"""The computer as a whole: restart, stop, rename, facts."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.values import PSObject, Value

_NAMES = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName"


def go_down(machine: Machine, *, again: bool, seconds: float = 5) -> None:
    """Restart or stop in some seconds of model time."""

    def later() -> None:
        if machine.clock.sleep(seconds, machine.off):
            return
        machine.up.clear()
        (machine.reboot_wanted if again else machine.off).set()
        machine.listeners_changed()

    threading.Thread(target=later, daemon=True).start()


@cmdlet("Restart-Computer", "ComputerName:0 Force:switch Wait:switch Delay Timeout For")
def restart_computer(call: Call) -> Iterator[Value]:
    """Restart."""
    go_down(call.machine, again=True)
    yield from ()


@cmdlet("Stop-Computer", "ComputerName:0 Force:switch")
def stop_computer(call: Call) -> Iterator[Value]:
    """Power off."""
    go_down(call.machine, again=False)
    yield from ()


@cmdlet(
    "Rename-Computer",
    "NewName:0 Force:switch Restart:switch PassThru:switch ComputerName LocalCredential DomainCredential",
)
def rename_computer(call: Call) -> Iterator[Value]:
    """Give the computer another name, from the next start on."""
    call.machine.registry.set(_NAMES, "ComputerName", call.text("NewName").upper())
    call.shell.streams.warning(
        "The changes will take effect after you restart the computer " + call.machine.computer_name + "."
    )
    if call.flag("Restart"):
        go_down(call.machine, again=True)
    yield from ()


@cmdlet("Get-ComputerInfo", "Property:0")
def get_computer_info(call: Call) -> Iterator[Value]:
    """Tell facts."""
    os = call.machine.os
    facts = {
        "CsName": call.machine.computer_name,
        "CsDomain": call.machine.document["domain"] or "WORKGROUP",
        "CsPartOfDomain": bool(call.machine.document["domain"]),
        "OsName": os["caption"],
        "OsVersion": f"10.0.{os['build']}",
        "OsBuildNumber": str(os["build"]),
        "OsLastBootUpTime": call.machine.booted,
        "WindowsProductName": os["caption"].removeprefix("Microsoft "),
        "WindowsInstallationType": "Server",
        "WindowsEditionId": os["edition"],
    }
    wanted = call.texts("Property")
    if wanted:
        facts = {
            name: value for name, value in facts.items() if name.lower() in (one.lower() for one in wanted)
        }
    yield PSObject("Microsoft.PowerShell.Commands.ComputerInfo", facts)


@cmdlet("Get-HotFix", "Id:0:a=HFID Description ComputerName")
def get_hot_fix(call: Call) -> Iterator[Value]:
    """Tell installed updates."""
    wanted = [one.upper() for one in call.texts("Id")]
    for update in call.machine.document["updates"]["installed"]:
        if not wanted or update["kb"] in wanted:
            yield PSObject(
                "System.Management.ManagementObject#root\\cimv2\\Win32_QuickFixEngineering",
                {
                    "HotFixID": update["kb"],
                    "Description": "Update",
                    "InstalledOn": update["on"],
                    "InstalledBy": "NT AUTHORITY\\SYSTEM",
                },
                shown=("Description", "HotFixID", "InstalledBy", "InstalledOn"),
            )


@cmdlet("Get-TimeZone", "")
def get_time_zone(call: Call) -> Iterator[Value]:
    """Tell the time zone, which is UTC."""
    yield PSObject(
        "System.TimeZoneInfo",
        {"Id": "UTC", "DisplayName": "(UTC) Coordinated Universal Time"},
        text="(UTC) Coordinated Universal Time",
    )
