"""Disks, partitions and volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localazure.guests.windows.machine.machine import GB, Machine, Volume
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.values import PSObject, Value


def disks(machine: Machine) -> list[tuple[int, Volume | None, int]]:
    """Number, volume (None for the OS and the temporary disk) and size in GiB."""
    found: list[tuple[int, Volume | None, int]] = [
        (0, None, int(machine.document["disk"].get("size_gb", 127))),
        (1, None, 16),
    ]
    return found + [
        (index + 2, volume, volume.size_gb)
        for index, volume in enumerate(sorted(machine.volumes, key=lambda v: v.lun))
    ]


def _style(volume: Volume | None) -> str:
    return (
        "GPT"
        if volume is None or volume.document.get("initialized") or volume.document.get("formatted")
        else "RAW"
    )


def _disk(number: int, volume: Volume | None, size: int) -> PSObject:
    offline = bool(volume and volume.document.get("offline"))
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#ROOT/Microsoft/Windows/Storage/MSFT_Disk",
        {
            "Number": number,
            "DiskNumber": number,
            "FriendlyName": "Msft Virtual Disk",
            "SerialNumber": None,
            "HealthStatus": "Healthy",
            "OperationalStatus": "Offline" if offline else "Online",
            "Size": size * GB,
            "PartitionStyle": _style(volume),
            "IsOffline": offline,
            "IsReadOnly": False,
            "IsBoot": number == 0,
            "IsSystem": number == 0,
            "BusType": "SAS",
            "Location": f"Integrated : Adapter {3 if volume else 0} : Port 0 : Target 0 : LUN {volume.lun if volume else number}",
            "NumberOfPartitions": 0 if _style(volume) == "RAW" else 1,
            "AllocatedSize": size * GB if _style(volume) != "RAW" else 0,
            "UniqueId": f"600224800000{number:04d}",
        },
        shown=("Number", "FriendlyName", "OperationalStatus", "Size", "PartitionStyle"),
        base=volume,
    )


def _numbers(call: Call) -> list[int]:
    given = call.get("InputObject")
    if isinstance(given, PSObject):
        return [int(given.get("Number" if "Number" in given.properties else "DiskNumber"))]
    return [int(one) for one in to_list(call.get("Number", call.get("DiskNumber")))]


@cmdlet("Get-Disk", "Number:0:pipe:a=DeviceId FriendlyName UniqueId InputObject")
def get_disk(call: Call) -> Iterator[Value]:
    """Tell disks."""
    for number, volume, size in disks(call.machine):
        if not call.has("Number") or number in _numbers(call):
            yield _disk(number, volume, size)


def _data(call: Call) -> Iterator[tuple[int, Volume]]:
    for number, volume, _ in disks(call.machine):
        if number in _numbers(call):
            if volume is None:
                raise call.fail(
                    "The disk holds the system.", kind="Microsoft.Management.Infrastructure.CimException"
                )
            yield number, volume


def _note(machine: Machine, volume: Volume, **values: Any) -> None:
    with machine.lock:
        volume.document |= values
        machine.changed()


@cmdlet("Initialize-Disk", "Number:0:prop:a=DeviceId PartitionStyle InputObject:pipe PassThru:switch")
def initialize_disk(call: Call) -> Iterator[Value]:
    """Write a partition table."""
    for number, volume in _data(call):
        if _style(volume) != "RAW":
            raise call.fail(
                "The disk has already been initialized.",
                kind="Microsoft.Management.Infrastructure.CimException",
                identifier="StorageWMI 41002",
            )
        _note(call.machine, volume, initialized=True)
        if call.flag("PassThru"):
            yield _disk(number, volume, volume.size_gb)


@cmdlet("Set-Disk", "Number:0:prop:a=DeviceId IsOffline IsReadOnly InputObject:pipe")
def set_disk(call: Call) -> Iterator[Value]:
    """Take a disk online or offline."""
    for _, volume in _data(call):
        if call.has("IsOffline"):
            _note(call.machine, volume, offline=bool(call.get("IsOffline")))
    yield from ()


def free_letter(machine: Machine) -> str:
    """The next free drive letter; E: is the DVD."""
    return next(letter for letter in "FGHIJKLMNOPQRSTUVWXYZ" if letter not in machine.drives())


@cmdlet(
    "New-Partition",
    "DiskNumber:0:prop UseMaximumSize:switch AssignDriveLetter:switch DriveLetter Size InputObject:pipe GptType",
)
def new_partition(call: Call) -> Iterator[Value]:
    """Make the one partition of a data disk."""
    for number, volume in _data(call):
        if _style(volume) == "RAW":
            raise call.fail(
                "The disk has not been initialized.",
                kind="Microsoft.Management.Infrastructure.CimException",
                identifier="StorageWMI 41000",
            )
        letter = call.text("DriveLetter").upper() or (
            free_letter(call.machine) if call.flag("AssignDriveLetter") else None
        )
        _note(call.machine, volume, letter=letter)
        yield _partition(number, volume, volume.size_gb, letter)


def _partition(number: int, volume: Volume | None, size: int, letter: str | None) -> PSObject:
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#ROOT/Microsoft/Windows/Storage/MSFT_Partition",
        {
            "DiskNumber": number,
            "PartitionNumber": 2,
            "DriveLetter": letter,
            "Size": size * GB,
            "Type": "Basic",
            "IsBoot": number == 0,
            "GptType": "{ebd0a0a2-b9e5-4433-87c0-68b6b72699c7}",
        },
        shown=("PartitionNumber", "DriveLetter", "Size", "Type"),
        base=volume,
    )


@cmdlet("Get-Partition", "DiskNumber:0:prop DriveLetter InputObject:pipe")
def get_partition(call: Call) -> Iterator[Value]:
    """Tell partitions."""
    for number, volume, size in disks(call.machine):
        letter = {0: "C", 1: "D"}.get(number) if volume is None else volume.document.get("letter")
        if volume is not None and _style(volume) == "RAW":
            continue
        if (not call.has("DiskNumber") or number in _numbers(call)) and (
            not call.has("DriveLetter") or letter in call.texts("DriveLetter")
        ):
            yield _partition(number, volume, size, letter)


@cmdlet(
    "Set-Partition", "DiskNumber:prop PartitionNumber:prop DriveLetter:prop NewDriveLetter InputObject:pipe"
)
def set_partition(call: Call) -> Iterator[Value]:
    """Change a volume's letter."""
    for volume in call.machine.volumes:
        if volume.document.get("letter") == call.text("DriveLetter").upper():
            _note(call.machine, volume, letter=call.text("NewDriveLetter").upper())
    yield from ()


@cmdlet(
    "Format-Volume",
    "DriveLetter:0:prop FileSystem NewFileSystemLabel Partition InputObject:pipe Force:switch Full:switch AllocationUnitSize",
)
def format_volume(call: Call) -> Iterator[Value]:
    """Make a file system."""
    given = call.get("InputObject", call.get("Partition"))
    letter = call.text("DriveLetter").upper()
    for volume in call.machine.volumes:
        hit = volume is given.base if isinstance(given, PSObject) else volume.document.get("letter") == letter
        if hit or (letter and volume.document.get("letter") == letter):
            _note(call.machine, volume, formatted=True, label=call.text("NewFileSystemLabel"), files={})
            yield _volume(call.machine, volume.document.get("letter") or "", volume.document["label"])
            return
    raise call.fail(
        "The volume was not found.",
        kind="Microsoft.Management.Infrastructure.CimException",
        category="ObjectNotFound",
    )


def _volume(machine: Machine, letter: str, label: str) -> PSObject:
    drive = machine.drives().get(letter)
    return PSObject(
        "Microsoft.Management.Infrastructure.CimInstance#ROOT/Microsoft/Windows/Storage/MSFT_Volume",
        {
            "DriveLetter": letter,
            "FileSystemLabel": label,
            "FileSystem": "NTFS",
            "FileSystemType": "NTFS",
            "DriveType": "Fixed",
            "HealthStatus": "Healthy",
            "OperationalStatus": "OK",
            "SizeRemaining": machine.files.free(drive) if drive else 0,
            "Size": drive.size if drive else 0,
            "Path": f"\\\\?\\Volume{{{letter}}}\\",
        },
        shown=("DriveLetter", "FileSystemLabel", "FileSystem", "DriveType", "SizeRemaining", "Size"),
    )


@cmdlet("Get-Volume", "DriveLetter:0:prop FileSystemLabel InputObject:pipe Partition")
def get_volume(call: Call) -> Iterator[Value]:
    """Tell volumes."""
    labels = {"C": "Windows", "D": "Temporary Storage"}
    labels |= {
        v.document["letter"]: v.document["label"]
        for v in call.machine.volumes
        if v.document.get("letter") and v.document.get("formatted")
    }
    wanted = [one.upper() for one in call.texts("DriveLetter")]
    for letter in sorted(call.machine.drives()):
        if (not wanted or letter in wanted) and (
            not call.has("FileSystemLabel") or labels[letter] in call.texts("FileSystemLabel")
        ):
            yield _volume(call.machine, letter, labels.get(letter, ""))


@cmdlet("Get-PSDrive", "Name:0 PSProvider", aliases="gdr")
def get_ps_drive(call: Call) -> Iterator[Value]:
    """Tell drives."""
    for letter, drive in sorted(call.machine.drives().items()):
        if not call.has("Name") or letter in [one.upper() for one in call.texts("Name")]:
            free = call.machine.files.free(drive)
            yield PSObject(
                "System.Management.Automation.PSDriveInfo",
                {
                    "Name": letter,
                    "Free": free,
                    "Used": drive.size - free,
                    "Root": f"{letter}:\\",
                    "Provider": "FileSystem",
                },
                text=letter,
                shown=("Name", "Used", "Free", "Root"),
            )


@cmdlet("Update-HostStorageCache", "")
def update_storage_cache(call: Call) -> Iterator[Value]:
    """Disks are seen at once."""
    yield from ()


__all__ = ["to_string"]
