"""CIM and WMI: classes as queries over the machine's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from localazure.guests.windows.cmdlets.computer import go_down
from localazure.guests.windows.machine.machine import GB, Machine
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import like
from localazure.guests.windows.powershell.values import PSObject, Value

Rows = Iterator[dict[str, Any]]
_WINDOWS_ID = "55c92734-d682-4d71-983e-d6ec3f16059f"


def _operating_system(machine: Machine) -> Rows:
    os = machine.os
    drive = machine.drives()["C"]
    yield {
        "Caption": os["caption"],
        "Version": f"10.0.{os['build']}",
        "BuildNumber": str(os["build"]),
        "OSArchitecture": "64-bit",
        "ProductType": os["product_type"],
        "LastBootUpTime": machine.booted,
        "LocalDateTime": machine.clock.now(),
        "InstallDate": os["installed"],
        "CSName": machine.computer_name,
        "SystemDrive": "C:",
        "WindowsDirectory": r"C:\Windows",
        "SystemDirectory": r"C:\Windows\system32",
        "FreePhysicalMemory": 2 << 20,
        "TotalVisibleMemorySize": 4 << 20,
        "FreeSpaceInPagingFiles": machine.files.free(drive) >> 20,
        "OperatingSystemSKU": 8,
        "Status": "OK",
        "SerialNumber": "00454-60000-00001-AA000",
    }


def _computer_system(machine: Machine) -> Rows:
    domain = machine.document["domain"]
    yield {
        "Name": machine.computer_name,
        "Domain": domain or "WORKGROUP",
        "Workgroup": None if domain else "WORKGROUP",
        "PartOfDomain": bool(domain),
        "DomainRole": 3 if domain else 2,
        "Manufacturer": "Microsoft Corporation",
        "Model": "Virtual Machine (modelled Windows guest)",
        "TotalPhysicalMemory": 4 * GB,
        "NumberOfLogicalProcessors": 2,
        "UserName": None,
        "AutomaticManagedPagefile": False,
        "SystemType": "x64-based PC",
        "DNSHostName": machine.computer_name,
    }


def _licensing_service(machine: Machine) -> Rows:
    yield {
        "RemainingWindowsReArmCount": machine.document["licensing"]["rearms"],
        "RemainingSkuReArmCount": 1000,
        "Version": f"10.0.{machine.os['build']}",
        "KeyManagementServiceMachine": "azkms.core.windows.net",
        "KeyManagementServicePort": 1688,
    }


def _licensing_product(machine: Machine) -> Rows:
    yield {
        "Name": "Windows(R), ServerDatacenter edition",
        "ApplicationID": _WINDOWS_ID,
        "PartialProductKey": "8XDDG",
        "LicenseStatus": 1 if machine.document["licensing"]["activated"] else 5,
        "LicenseFamily": "ServerDatacenter",
        "GracePeriodRemaining": 259200,
        "Description": "Windows(R) Operating System, VOLUME_KMSCLIENT channel",
        "ID": "ef6cfc9f-8c5d-44ac-9aad-de6a2ea0ae03",
    }


def _logical_disk(machine: Machine) -> Rows:
    labels = {"C": "Windows", "D": "Temporary Storage"}
    labels |= {v.document["letter"]: v.document["label"] for v in machine.volumes if v.document.get("letter")}
    for letter, drive in sorted(machine.drives().items()):
        yield {
            "DeviceID": f"{letter}:",
            "DriveType": 3,
            "FreeSpace": machine.files.free(drive),
            "Size": drive.size,
            "FileSystem": "NTFS",
            "VolumeName": labels.get(letter, ""),
            "Name": f"{letter}:",
            "Caption": f"{letter}:",
            "ProviderName": None,
            "VolumeSerialNumber": "A0B1C2D3",
        }


def _disk_drive(machine: Machine) -> Rows:
    rows = [(0, 0, int(machine.document["disk"].get("size_gb", 127))), (1, 1, 16)]
    rows += [
        (index + 2, volume.lun, volume.size_gb)
        for index, volume in enumerate(sorted(machine.volumes, key=lambda v: v.lun))
    ]
    for index, lun, size in rows:
        yield {
            "Index": index,
            "DeviceID": f"\\\\.\\PHYSICALDRIVE{index}",
            "InterfaceType": "SCSI",
            "SCSILogicalUnit": lun,
            "SCSIBus": 0,
            "SCSITargetId": 0,
            "SCSIPort": 0 if index < 2 else 1,
            "Size": size * GB,
            "Model": "Msft Virtual Disk",
            "Caption": "Msft Virtual Disk",
            "MediaType": "Fixed hard disk media",
            "Partitions": 1,
            "Status": "OK",
        }


def _user_profile(machine: Machine) -> Rows:
    specials = (
        ("S-1-5-18", r"C:\Windows\system32\config\systemprofile"),
        ("S-1-5-19", r"C:\Windows\ServiceProfiles\LocalService"),
        ("S-1-5-20", r"C:\Windows\ServiceProfiles\NetworkService"),
    )
    for sid, path in specials:
        yield {"SID": sid, "LocalPath": path, "Special": True, "Loaded": True, "LastUseTime": machine.booted}
    busy = {one.token.sid for one in list(machine.processes.all.values())}
    for profile in list(machine.users.profiles):
        yield {
            "SID": profile["sid"],
            "LocalPath": profile["path"],
            "Special": False,
            "Loaded": profile["sid"] in busy,
            "LastUseTime": machine.booted,
            "_profile": profile,
        }


def _user_account(machine: Machine) -> Rows:
    for account in machine.users.all.values():
        yield {
            "Name": account["name"],
            "SID": machine.users.sid(account),
            "LocalAccount": True,
            "Disabled": not account["enabled"],
            "Domain": machine.computer_name,
            "FullName": account["full_name"],
            "PasswordRequired": True,
        }


def _encryptable_volume(machine: Machine) -> Rows:
    for letter, state in machine.document["bitlocker"].items():
        yield {
            "DriveLetter": f"{letter}:",
            "ConversionStatus": state["conversion"],
            "ProtectionStatus": state["protection"],
            "EncryptionMethod": 6 if state["conversion"] else 0,
            "VolumeType": 0,
        }


def _service(machine: Machine) -> Rows:
    modes = {"Automatic": "Auto", "Manual": "Manual", "Disabled": "Disabled"}
    for service in machine.document["services"].values():
        yield {
            "Name": service["name"],
            "DisplayName": service["display"],
            "State": service["status"],
            "Started": service["status"] == "Running",
            "StartMode": modes[service["start"]],
            "Status": "OK",
            "ProcessId": 0,
            "PathName": f"C:\\Windows\\System32\\{service['name']}.exe",
            "StartName": "LocalSystem",
            "ExitCode": 0,
        }


def _process(machine: Machine) -> Rows:
    for process in list(machine.processes.all.values()):
        yield {
            "Name": f"{process.name}.exe",
            "ProcessId": process.pid,
            "ParentProcessId": process.parent,
            "CommandLine": process.command_line,
            "ExecutablePath": process.path,
            "SessionId": process.session,
            "CreationDate": process.started,
        }


def _bios(machine: Machine) -> Rows:
    yield {
        "Manufacturer": "Microsoft Corporation",
        "Name": "Hyper-V UEFI Release v4.1",
        "SMBIOSBIOSVersion": "Hyper-V UEFI Release v4.1",
        "SerialNumber": "0000-0002-1234-5678-9012-3456-78",
        "Version": "VRTUAL - 1",
    }


def _system_product(machine: Machine) -> Rows:
    yield {
        "UUID": machine.spec.machine_id.upper(),
        "Name": "Virtual Machine",
        "Vendor": "Microsoft Corporation",
        "Version": "Hyper-V",
    }


def _fix(machine: Machine) -> Rows:
    for update in machine.document["updates"]["installed"]:
        yield {
            "HotFixID": update["kb"],
            "Description": "Update",
            "InstalledOn": update["on"],
            "InstalledBy": "NT AUTHORITY\\SYSTEM",
        }


def _drive_letter_volume(machine: Machine) -> Rows:
    for row in _logical_disk(machine):
        yield {
            "DriveLetter": row["DeviceID"],
            "Label": row["VolumeName"],
            "Capacity": row["Size"],
            "FreeSpace": row["FreeSpace"],
            "FileSystem": "NTFS",
            "DriveType": 3,
            "Name": row["DeviceID"] + "\\",
        }


CLASSES: dict[str, tuple[str, Callable[[Machine], Rows]]] = {
    name.lower(): (name, rows)
    for name, rows in {
        "Win32_OperatingSystem": _operating_system,
        "Win32_ComputerSystem": _computer_system,
        "SoftwareLicensingService": _licensing_service,
        "SoftwareLicensingProduct": _licensing_product,
        "Win32_LogicalDisk": _logical_disk,
        "Win32_DiskDrive": _disk_drive,
        "Win32_UserProfile": _user_profile,
        "Win32_UserAccount": _user_account,
        "Win32_EncryptableVolume": _encryptable_volume,
        "Win32_Service": _service,
        "Win32_Process": _process,
        "Win32_BIOS": _bios,
        "Win32_ComputerSystemProduct": _system_product,
        "Win32_QuickFixEngineering": _fix,
        "Win32_Volume": _drive_letter_volume,
    }.items()
}
_CONDITION = re.compile(
    r"(?P<name>\w+)\s*(?:(?P<null>is\s+(?P<not>not\s+)?null)|(?P<op>=|<>|!=|>=|<=|>|<|like)\s*(?P<value>'(?:[^'\\]|\\.)*'|\"[^\"]*\"|-?\d+|true|false))",
    re.IGNORECASE,
)


def passes(row: dict[str, Any], condition: str) -> bool:
    """Judge a WQL condition of `and`s and `or`s."""
    groups = re.split(r"\s+or\s+", condition.strip(), flags=re.IGNORECASE)
    return any(
        all(_holds(row, part) for part in re.split(r"\s+and\s+", group, flags=re.IGNORECASE))
        for group in groups
    )


def _holds(row: dict[str, Any], text: str) -> bool:
    found = _CONDITION.fullmatch(text.strip().strip("()").strip())
    if found is None:
        raise ModelGap(f"the WQL condition {text}")
    name = next((key for key in row if key.lower() == found["name"].lower()), None)
    if name is None:
        raise ModelGap(f"the property {found['name']} in a WQL condition")
    have = row[name]
    if found["null"]:
        return (have is not None) == bool(found["not"])
    wanted = found["value"].strip("'\"").replace("\\\\", "\\")
    shown = to_string(have).lower()
    match found["op"].lower():
        case "=":
            return shown == wanted.lower()
        case "<>" | "!=":
            return shown != wanted.lower()
        case "like":
            return like(to_string(have), wanted.replace("%", "*").replace("_", "?"))
    left, right = float(have), float(wanted)
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[found["op"]]


def instances(machine: Machine, name: str, condition: str = "") -> Iterator[PSObject]:
    """The instances of a class."""
    if name.lower() not in CLASSES:
        raise ModelGap(f"the CIM class {name}")
    spelled, rows = CLASSES[name.lower()]
    for row in rows(machine):
        if condition and not passes(row, condition):
            continue
        base = row.pop("_profile", row)
        properties = {**row, "CimClass": spelled, "__CLASS": spelled, "PSComputerName": None}
        made = PSObject(
            f"Microsoft.Management.Infrastructure.CimInstance#root/cimv2/{spelled}",
            properties,
            base=(spelled, base),
        )
        made.methods["Delete"] = lambda made=made: remove(machine, made)
        if spelled == "Win32_OperatingSystem":
            made.methods["ConvertToDateTime"] = lambda value: value
            made.methods["Reboot"] = lambda: go_down(machine, again=True)
        yield made


@cmdlet(
    "Get-CimInstance",
    "ClassName:0:a=Class Filter Namespace Query Property InputObject:pipe ComputerName KeyOnly:switch OperationTimeoutSec",
    aliases="gcim",
)
@cmdlet(
    "Get-WmiObject",
    "ClassName:0:a=Class Property:1 Filter Namespace Query ComputerName List:switch EnableAllPrivileges:switch",
    aliases="gwmi",
)
def get_cim_instance(call: Call) -> Iterator[Value]:
    """Read instances."""
    name, condition = call.text("ClassName"), call.text("Filter")
    if call.has("Query"):
        found = re.fullmatch(
            r"\s*select\s+.+?\s+from\s+(\w+)(?:\s+where\s+(.+))?\s*",
            call.text("Query"),
            re.IGNORECASE | re.DOTALL,
        )
        if found is None:
            raise ModelGap(f"the query {call.text('Query')}")
        name, condition = found[1], found[2] or ""
    given = call.get("InputObject")
    if isinstance(given, PSObject):
        name = to_string(given.get("CimClass"))
    yield from instances(call.machine, name, condition)


def remove(machine: Machine, instance: PSObject) -> None:
    """Delete an instance: a profile, with its folder and its key."""
    kind, base = instance.base
    if kind != "Win32_UserProfile":
        raise ModelGap(f"removing a {kind}")
    with machine.lock:
        if base in machine.users.profiles:
            machine.users.profiles.remove(base)
        if machine.files.exists(base["path"]):
            machine.files.remove(base["path"])
        machine.registry.delete(
            rf"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList\{base['sid']}"
        )
        machine.changed()


@cmdlet("Remove-CimInstance", "InputObject:0:pipe", aliases="rcim")
@cmdlet("Remove-WmiObject", "InputObject:0:pipe", aliases="rwmi")
def remove_cim_instance(call: Call) -> Iterator[Value]:
    """Delete instances; a profile that is in use cannot be."""
    instance = call.get("InputObject")
    if instance.base[0] == "Win32_UserProfile" and instance.get("Loaded"):
        call.report(
            call.fail(
                "The process cannot access the file because it is being used by another process.",
                kind="Microsoft.Management.Infrastructure.CimException",
                category="NotSpecified",
                identifier="HRESULT 0x80070020",
            )
        )
        return
    remove(call.machine, instance)
    yield from ()


@cmdlet(
    "Invoke-CimMethod",
    "ClassName:a=Class MethodName:a=Name:1 Arguments Namespace InputObject:pipe:0 Query",
    aliases="icim",
)
@cmdlet(
    "Invoke-WmiMethod",
    "ClassName:0:a=Class MethodName:a=Name:1 ArgumentList Namespace InputObject:pipe",
    aliases="iwmi",
)
def invoke_cim_method(call: Call) -> Iterator[Value]:
    """Call methods: restart and shutdown of the system."""
    given = call.get("InputObject")
    name = call.text("ClassName") or (to_string(given.get("CimClass")) if isinstance(given, PSObject) else "")
    key = (name.lower(), call.text("MethodName").lower())
    if key in (("win32_operatingsystem", "reboot"), ("win32_operatingsystem", "shutdown")):
        go_down(call.machine, again=key[1] == "reboot")
    elif key == ("softwarelicensingservice", "refreshlicensestatus"):
        pass
    else:
        raise ModelGap(f"the method {key[1]} of {name}")
    yield PSObject("CimMethodResult", {"ReturnValue": 0})
