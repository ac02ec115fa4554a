"""The drives that item cmdlets walk: files, registry, certificates, WSMan, environment, functions."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from localazure.guests.windows.cmdlets import wsman_drive
from localazure.guests.windows.machine.registry import is_registry, normal_path
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.values import CaseDict, PSObject, Value

if TYPE_CHECKING:
    from localazure.guests.windows.machine.machine import Machine
    from localazure.guests.windows.powershell.shell import Shell


def drive_of(path: str) -> str:
    """Which provider a path belongs to."""
    low = (
        path.lower()
        .replace("microsoft.powershell.security\\", "")
        .replace("microsoft.wsman.management\\", "")
    )
    if low.startswith(("cert:", "certificate::")):
        return "certificate"
    if low.startswith(("wsman:", "wsman::")):
        return "wsman"
    if low.startswith(("env:", "environment::")):
        return "environment"
    if low.startswith(("function:", "variable:", "alias:")):
        return low.partition(":")[0]
    if is_registry(path) and not low.startswith("filesystem::"):
        return "registry"
    return "file"


def user_hive(shell: Shell, path: str) -> str:
    """HKCU is the key of who asks."""
    normal = normal_path(path)
    if normal.upper() == "HKCU" or normal.upper().startswith("HKCU\\"):
        return f"HKU\\{shell.process.token.sid}{normal[4:]}"
    return normal


def file_item(machine: Machine, path: str) -> PSObject:
    """A FileInfo or DirectoryInfo."""
    files = machine.files
    folder = files.is_directory(path)
    path = files.written_path(path)
    name = path.rstrip("\\").rpartition("\\")[2] or path
    parent = path.rpartition("\\")[0]
    written = files.written_at(path)
    stem, _, extension = name.rpartition(".")
    properties: dict[str, Value] = {
        "Mode": "d-----" if folder else "-a----",
        "LastWriteTime": written,
        "Length": None if folder else files.size(path),
        "Name": name,
        "FullName": path,
        "PSPath": f"Microsoft.PowerShell.Core\\FileSystem::{path}",
        "PSParentPath": f"Microsoft.PowerShell.Core\\FileSystem::{parent}",
        "PSChildName": name,
        "PSIsContainer": folder,
        "Exists": True,
        "BaseName": stem or name,
        "Extension": f".{extension}" if stem else "",
        "DirectoryName": parent,
        "Directory": parent,
        "Attributes": "Directory" if folder else "Archive",
        "LastWriteTimeUtc": written,
        "CreationTime": written,
        "CreationTimeUtc": written,
        "VersionInfo": PSObject(
            "System.Diagnostics.FileVersionInfo",
            {
                "FileVersion": f"10.0.{machine.os['build']}.1",
                "ProductVersion": f"10.0.{machine.os['build']}.1",
            },
        ),
    }
    if folder:
        del properties["Length"]
    return PSObject(
        "System.IO.DirectoryInfo" if folder else "System.IO.FileInfo",
        properties,
        text=path if folder else name,
        shown=("Mode", "LastWriteTime", "Length", "Name"),
        methods={"Delete": lambda *_: files.remove(path), "Refresh": lambda: None},
    )


def key_item(machine: Machine, path: str) -> PSObject:
    """A RegistryKey."""
    registry = machine.registry
    written = registry.written(path)
    hive = written.replace("HKLM", "HKEY_LOCAL_MACHINE", 1).replace("HKU\\", "HKEY_USERS\\", 1)
    names = [name for name, _, _ in registry.values(path)]
    parent, _, child = hive.rpartition("\\")
    values = {name: data for name, _, data in registry.values(path)}

    def get_value(name: Value, default: Value = None, *_: Value) -> Value:
        return registry.value(path, str(name), default)

    return PSObject(
        "Microsoft.Win32.RegistryKey",
        {
            "Name": hive,
            "Property": names,
            "PSPath": f"Microsoft.PowerShell.Core\\Registry::{hive}",
            "PSParentPath": f"Microsoft.PowerShell.Core\\Registry::{parent}",
            "PSChildName": child,
            "PSIsContainer": True,
            "SubKeyCount": len(registry.subkeys(path)),
            "ValueCount": len(names),
        },
        text=hive,
        shown=("Name", "Property"),
        methods={
            "GetValueNames": lambda: names,
            "GetValue": get_value,
            "GetSubKeyNames": lambda: registry.subkeys(path),
            "OpenSubKey": lambda name: (
                key_item(machine, f"{path}\\{name}") if registry.exists(f"{path}\\{name}") else None
            ),
            "SetValue": lambda name, data, *_: registry.set(path, str(name), data),
            "Close": lambda: None,
            "Dispose": lambda: None,
        },
        base=values,
    )


def value_object(machine: Machine, path: str, names: list[str] | None = None) -> PSObject:
    """What Get-ItemProperty gives of a key: its values as properties."""
    key = key_item(machine, path)
    pairs = CaseDict()
    for name, kind, data in machine.registry.values(path):
        if names is None or any(wildcard(one).fullmatch(name) for one in names):
            text = data
            if kind == "ExpandString" and isinstance(data, str):
                text = data.replace("%SystemRoot%", r"C:\Windows").replace("%SystemDrive%", "C:")
            pairs[name or "(default)"] = text
    for name in ("PSPath", "PSParentPath", "PSChildName"):
        pairs[name] = key.get(name)
    pairs["PSProvider"] = "Microsoft.PowerShell.Core\\Registry"
    return PSObject("System.Management.Automation.PSCustomObject", pairs, closed=False)


def matching_keys(shell: Shell, pattern: str) -> list[str]:
    """The keys that a path with wildcards names."""
    path = user_hive(shell, pattern)
    if not any(mark in path for mark in "*?["):
        return [path] if shell.machine.registry.exists(path) else []
    parts = path.split("\\")
    found = [parts[0]]
    for part in parts[1:]:
        expression = wildcard(part)
        found = [
            f"{key}\\{child}"
            for key in found
            for child in shell.machine.registry.subkeys(key)
            if expression.fullmatch(child)
        ]
    return found


def certificate_name(path: str) -> str:
    """The thumbprint in a path of the store, or nothing for the store itself."""
    parts = [part for part in path.replace("/", "\\").split("\\") if part]
    kept = [
        p for p in parts if p.lower() not in ("cert:", "localmachine", "my", "microsoft.powershell.security")
    ]
    kept = [p for p in kept if not p.lower().startswith(("certificate::", "cert:"))]
    low = path.lower().replace("/", "\\")
    if "currentuser" in low or (
        "localmachine" in low and not low.rstrip("\\").endswith("localmachine") and "\\my" not in low
    ):
        return "none"
    return kept[-1] if kept else ""


def items(shell: Shell, path: str, *, literal: bool = False) -> list[PSObject]:
    """The items that a path names."""
    machine = shell.machine
    match drive_of(path):
        case "registry":
            keys = matching_keys(shell, path)
            return [key_item(machine, key) for key in keys]
        case "certificate":
            name = certificate_name(path)
            if not name:
                return [PSObject("Microsoft.PowerShell.Commands.X509StoreLocation", {"Name": "My"})]
            return [
                machine.certificates.shown(one)
                for one in machine.certificates.all
                if wildcard(name).fullmatch(one)
            ]
        case "wsman":
            found = wsman_drive.item(machine, path)
            return [found] if found is not None else []
        case "environment":
            name = path.partition(":")[2].lstrip(":\\/")
            return [
                PSObject(
                    "System.Collections.DictionaryEntry",
                    {"Name": key, "Key": key, "Value": value},
                    shown=("Name", "Value"),
                )
                for key, value in shell.process.environment.items()
                if wildcard(name or "*").fullmatch(key)
            ]
        case "function" | "variable" | "alias":
            name = path.partition(":")[2].lstrip("\\")
            there = (
                shell.function(name) is not None
                if path.lower().startswith("function")
                else shell.defined(name)
            )
            return [PSObject("Item", {"Name": name})] if there else []
    full = machine.files.resolve(path, shell.directory)
    paths = [full] if literal else machine.files.matching(full)
    return [file_item(machine, one) for one in paths if machine.files.exists(one)]


def children(shell: Shell, path: str) -> Iterator[PSObject]:
    """What lies directly below an item."""
    machine = shell.machine
    match drive_of(path):
        case "registry":
            for key in matching_keys(shell, path):
                for name in machine.registry.subkeys(key):
                    yield key_item(machine, f"{key}\\{name}")
        case "certificate":
            if certificate_name(path) != "none":
                for thumbprint in list(machine.certificates.all):
                    yield machine.certificates.shown(thumbprint)
        case "wsman":
            yield from wsman_drive.children(machine, path)
        case "environment":
            yield from items(shell, "env:*")
        case "file":
            full = machine.files.resolve(path, shell.directory)
            for one in machine.files.children(full):
                yield file_item(machine, one)
        case other:
            raise ModelGap(f"the children of the drive {other}:")


__all__ = ["dt", "hashlib"]
