"""Items: files and folders, registry keys, certificates, listeners."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.cmdlets import providers, wsman_drive
from localazure.guests.windows.cmdlets.client_certificate import new_mapping
from localazure.guests.windows.machine.files import DiskFullError
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import wildcard
from localazure.guests.windows.powershell.types import as_bytes
from localazure.guests.windows.powershell.values import PSObject, Value

_PATH = "Path:0:pipe:prop:a=LiteralPath:a=PSPath:a=FullName"


def missing(call: Call, path: str) -> PSError:
    """What is not there."""
    kind = providers.drive_of(path)
    shown = call.machine.files.resolve(path, call.shell.directory) if kind == "file" else path
    return call.fail(
        f"Cannot find path '{shown}' because it does not exist.",
        kind="System.Management.Automation.ItemNotFoundException",
        category="ObjectNotFound",
        identifier="PathNotFound",
        target=shown,
    )


def paths_of(call: Call) -> list[str]:
    """The paths given, as text or as items."""
    found = []
    for one in to_list(call.get("Path")):
        if isinstance(one, PSObject) and ("PSPath" in one.properties or "FullName" in one.properties):
            found.append(to_string(one.get("PSPath" if "PSPath" in one.properties else "FullName")))
        else:
            found.append(to_string(one))
    return found


@cmdlet("Test-Path", _PATH + " PathType:a=Type IsValid:switch Include Exclude")
def test_path(call: Call) -> Iterator[Value]:
    """Tell whether something is there."""
    for path in paths_of(call):
        if not path:
            raise call.fail(
                "Cannot bind argument to parameter 'Path' because it is an empty string.",
                kind="System.Management.Automation.ParameterBindingValidationException",
                category="InvalidData",
                identifier="ParameterArgumentValidationErrorEmptyStringNotAllowed",
            )
        found = providers.items(call.shell, path)
        wanted = call.text("PathType", "Any").lower()
        if providers.drive_of(path) == "file" and wanted != "any":
            found = [one for one in found if one.get("PSIsContainer") == (wanted == "container")]
        yield bool(found)


@cmdlet("Get-Item", _PATH + " Force:switch Stream", aliases="gi")
def get_item(call: Call) -> Iterator[Value]:
    """Read items."""
    for path in paths_of(call):
        found = providers.items(call.shell, path)
        if not found and not any(mark in path for mark in "*?"):
            call.report(missing(call, path))
        yield from found


@cmdlet(
    "Get-ChildItem",
    "Path:0:pipe:prop:a=LiteralPath:a=PSPath:a=FullName Filter:1 Recurse:switch:a=r Force:switch File:switch Directory:switch Name:switch Include Exclude Depth Hidden:switch Attributes",
    aliases="gci ls dir",
)
def get_child_item(call: Call) -> Iterator[Value]:
    """List what lies below."""
    for path in paths_of(call) or [call.shell.directory]:
        yield from _listed(call, path)


def _listed(call: Call, path: str) -> Iterator[Value]:
    kind = providers.drive_of(path)
    if kind == "file":
        full = call.machine.files.resolve(path, call.shell.directory)
        if any(mark in path for mark in "*?"):
            found = providers.items(call.shell, path)
            yield from (one for one in found if _wanted(call, one))
            return
        if call.machine.files.is_file(full):
            yield providers.file_item(call.machine, full)
            return
    if not providers.items(call.shell, path) and kind != "certificate":
        call.report(missing(call, path))
        return
    yield from _below(
        call, path, call.number("Depth", 1 << 30) if call.flag("Recurse") or call.has("Depth") else 0
    )


def _below(call: Call, path: str, depth: int) -> Iterator[Value]:
    for one in providers.children(call.shell, path):
        if _wanted(call, one):
            yield one.get("Name") if call.flag("Name") else one
        if depth > 0 and "PSIsContainer" in one.properties and one.get("PSIsContainer"):
            yield from _below(call, to_string(one.get("PSPath")), depth - 1)


def _wanted(call: Call, one: PSObject) -> bool:
    if "PSIsContainer" in one.properties and one.type_name.startswith("System.IO"):
        folder = bool(one.get("PSIsContainer"))
        if (call.flag("File") and folder) or (call.flag("Directory") and not folder):
            return False
    name = to_string(one.get("PSChildName" if "PSChildName" in one.properties else "Name"))
    if call.has("Filter") and not wildcard(call.text("Filter")).fullmatch(name):
        return False
    if call.has("Include") and not any(wildcard(p).fullmatch(name) for p in call.texts("Include")):
        return False
    return not any(wildcard(p).fullmatch(name) for p in call.texts("Exclude"))


@cmdlet(
    "New-Item",
    "Path:0 Name ItemType:a=Type Value Force:switch Transport Address CertificateThumbPrint HostName Port URLPrefix Enabled Credential Subject URI Issuer",
    aliases="ni",
)
def new_item(call: Call) -> Iterator[Value]:
    """Make a file, a folder, a key or a listener."""
    name = call.text("Name")
    for path in [f"{one.rstrip(chr(92))}\\{name}" if name else one for one in call.texts("Path")]:
        match providers.drive_of(path):
            case "registry":
                yield _new_key(call, providers.user_hive(call.shell, path))
            case "wsman":
                yield new_mapping(call) if _of_certificates(path) else _new_listener(call)
            case "file":
                yield _new_file(call, call.machine.files.resolve(path, call.shell.directory))
            case "environment":
                call.shell.write("env:" + path.partition(":")[2].lstrip("\\"), call.get("Value"))
            case other:
                raise ModelGap(f"New-Item on the drive {other}:")


def _of_certificates(path: str) -> bool:
    return [part.lower() for part in wsman_drive.parts_of(path)] == ["clientcertificate"]


def _new_key(call: Call, path: str) -> PSObject:
    registry = call.machine.registry
    if registry.exists(path):
        if not call.flag("Force"):
            raise call.fail(
                "A key in this path already exists.",
                kind="System.IO.IOException",
                category="ResourceExists",
                target=path,
            )
        for name, _, _ in list(registry.values(path)):
            registry.delete_value(path, name)
    elif not call.flag("Force") and not registry.exists(path.rpartition("\\")[0]):
        raise call.fail(
            "The registry key at the specified path does not exist.",
            kind="System.ArgumentException",
            category="InvalidArgument",
            target=path,
        )
    registry.create(path)
    if call.has("Value"):
        registry.set(path, "", call.get("Value"))
    return providers.key_item(call.machine, path)


def _new_listener(call: Call) -> PSObject:
    transport = call.text("Transport", "HTTP").upper()
    listeners = call.machine.document["winrm"]["listeners"]
    if any(
        one["Transport"] == transport and one["Address"] == call.text("Address", "*")
        for one in listeners.values()
    ):
        raise call.fail(
            "The WS-Management service cannot create the resource because it already exists.",
            kind="System.InvalidOperationException",
            identifier="WsManError",
        )
    thumbprint = call.text("CertificateThumbPrint")
    if transport == "HTTPS" and call.machine.certificates.pem(thumbprint) is None:
        raise call.fail(
            "Cannot find the certificate that was requested. ",
            kind="System.InvalidOperationException",
            identifier="WsManError",
        )
    name = wsman_drive.add_listener(
        call.machine,
        transport,
        port=call.number("Port") or None,
        thumbprint=thumbprint,
        hostname=call.text("HostName"),
        address=call.text("Address", "*"),
    )
    return wsman_drive.listener(call.machine, name)


def _new_file(call: Call, path: str) -> PSObject:
    files = call.machine.files
    if call.text("ItemType").lower() in ("directory", "dir", "d"):
        if files.exists(path) and not call.flag("Force"):
            raise call.fail(
                f"An item with the specified name {path} already exists.",
                kind="System.IO.IOException",
                category="ResourceExists",
                identifier="DirectoryExist",
                target=path,
            )
        files.make_directory(path)
        return providers.file_item(call.machine, path)
    if files.exists(path) and not call.flag("Force"):
        raise call.fail(
            f"The file '{path}' already exists.",
            kind="System.IO.IOException",
            category="WriteError",
            identifier="NewItemIOError",
            target=path,
        )
    if call.flag("Force"):
        files.make_directory(path.rpartition("\\")[0])
    written(call, path, call.text("Value").encode())
    return providers.file_item(call.machine, path)


def written(call: Call, path: str, data: bytes) -> None:
    """Write a file; what prevents it is an error in Windows' words."""
    try:
        call.machine.files.write_bytes(path, data)
    except DiskFullError:
        raise call.fail(
            "There is not enough space on the disk.",
            kind="System.IO.IOException",
            category="WriteError",
            identifier="System.IO.IOException",
            target=path,
            hresult=-2147024784,
        ) from None
    except OSError:
        raise call.fail(
            f"Could not find a part of the path '{path}'.",
            kind="System.IO.DirectoryNotFoundException",
            category="ObjectNotFound",
            identifier="GetContentWriterDirectoryNotFoundError",
            target=path,
        ) from None


@cmdlet(
    "Remove-Item",
    _PATH + " Recurse:switch:a=r Force:switch Include Exclude Filter",
    aliases="ri rm del rmdir rd erase",
)
def remove_item(call: Call) -> Iterator[Value]:
    """Remove items."""
    for path in paths_of(call):
        _remove(call, path)
    yield from ()


def _remove(call: Call, path: str) -> None:
    kind = providers.drive_of(path)
    found = providers.items(call.shell, path)
    if not found:
        if not any(mark in path for mark in "*?"):
            call.report(missing(call, path))
        return
    for one in found:
        match kind:
            case "registry":
                key = providers.user_hive(call.shell, to_string(one.get("PSPath")))
                if call.machine.registry.subkeys(key) and not call.flag("Recurse"):
                    raise call.fail(
                        f"The item at {path} has children and the Recurse parameter was not specified."
                    )
                call.machine.registry.delete(key)
            case "certificate":
                call.machine.certificates.remove(to_string(one.get("Thumbprint")))
                call.machine.listeners_changed()
            case "wsman":
                wsman_drive.remove_listener(call.machine, to_string(one.get("Name")))
            case "environment":
                call.shell.process.environment.pop(to_string(one.get("Name")))
            case "file":
                _remove_file(call, to_string(one.get("FullName")))
            case other:
                raise ModelGap(f"Remove-Item on the drive {other}:")


def _remove_file(call: Call, path: str) -> None:
    files = call.machine.files
    if files.is_directory(path) and files.children(path) and not call.flag("Recurse"):
        raise call.fail(
            "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.",
            kind="System.Management.Automation.PSInvalidOperationException",
            identifier="InvalidOperation",
            target=path,
        )
    files.remove(path)


@cmdlet("Set-Item", "Path:0:a=LiteralPath Value:1 Force:switch PassThru:switch", aliases="si")
def set_item(call: Call) -> Iterator[Value]:
    """Change an item's value."""
    for path in call.texts("Path"):
        match providers.drive_of(path):
            case "wsman":
                if not wsman_drive.set_item(call.machine, path, to_string(call.get("Value"))):
                    raise missing(call, path)
            case "environment":
                call.shell.write("env:" + path.partition(":")[2].lstrip("\\/"), call.get("Value"))
            case "registry":
                call.machine.registry.set(providers.user_hive(call.shell, path), "", call.get("Value"))
            case other:
                raise ModelGap(f"Set-Item on the drive {other}:")
    yield from ()


@cmdlet(
    "Move-Item",
    "Path:0:pipe:prop:a=LiteralPath:a=PSPath:a=FullName Destination:1 Force:switch PassThru:switch",
    aliases="mi move mv",
)
@cmdlet(
    "Copy-Item",
    "Path:0:pipe:prop:a=LiteralPath:a=PSPath:a=FullName Destination:1 Force:switch Recurse:switch PassThru:switch Container:switch",
    aliases="cpi copy cp",
)
def move_item(call: Call) -> Iterator[Value]:
    """Move or copy files and folders."""
    files = call.machine.files
    for path in paths_of(call):
        found = providers.items(call.shell, path)
        if not found:
            call.report(missing(call, path))
        for one in found:
            source, target = (
                to_string(one.get("FullName")),
                files.resolve(call.text("Destination"), call.shell.directory),
            )
            if call.name == "Move-Item" and files.is_file(target) and not call.flag("Force"):
                call.report(
                    call.fail(
                        "Cannot create a file when that file already exists.",
                        kind="System.IO.IOException",
                        category="WriteError",
                        identifier="MoveFileInfoItemIOError",
                        target=source,
                    )
                )
                continue
            (files.move if call.name == "Move-Item" else files.copy)(source, target)
    yield from ()


@cmdlet(
    "Rename-Item",
    "Path:0:pipe:prop:a=LiteralPath:a=PSPath NewName:1 Force:switch PassThru:switch",
    aliases="rni ren",
)
def rename_item(call: Call) -> Iterator[Value]:
    """Give a file or folder another name."""
    for path in paths_of(call):
        found = providers.items(call.shell, path)
        if not found:
            call.report(missing(call, path))
        for one in found:
            source = to_string(one.get("FullName"))
            call.machine.files.move(
                source, source.rpartition("\\")[0] + "\\" + call.text("NewName").rpartition("\\")[2]
            )
    yield from ()


@cmdlet(
    "Get-Content",
    _PATH
    + " Tail:a=Last TotalCount:a=First:a=Head Raw:switch Encoding ReadCount Wait:switch Force:switch Delimiter",
    aliases="gc cat type",
)
def get_content(call: Call) -> Iterator[Value]:
    """Read files by line."""
    for path in paths_of(call):
        found = providers.items(call.shell, path)
        if not found:
            call.report(missing(call, path))
        for one in found:
            text = call.machine.files.read_text(to_string(one.get("FullName")))
            if call.text("Encoding").lower() == "byte":
                yield list(call.machine.files.read_bytes(to_string(one.get("FullName"))))
                continue
            if call.flag("Raw"):
                yield text
                continue
            lines = text.splitlines()
            if call.has("Tail"):
                lines = lines[-call.number("Tail") :] if call.number("Tail") else []
            yield from lines[: call.number("TotalCount")] if call.has("TotalCount") else lines


_CODECS = {
    "utf8": "utf-8-sig",
    "ascii": "ascii",
    "unicode": "utf-16",
    "default": "cp1252",
    "oem": "cp437",
    "string": "cp1252",
    "utf8nobom": "utf-8",
}


@cmdlet(
    "Set-Content",
    "Path:0:prop:a=LiteralPath:a=PSPath Value:1 Encoding Force:switch NoNewline:switch PassThru:switch",
    aliases="sc",
    stream=True,
)
@cmdlet(
    "Add-Content",
    "Path:0:prop:a=LiteralPath:a=PSPath Value:1 Encoding Force:switch NoNewline:switch PassThru:switch",
    aliases="ac",
    stream=True,
)
def set_content(call: Call) -> Iterator[Value]:
    """Write lines into a file."""
    values = to_list(call.get("Value")) if call.has("Value") else list(call.input)
    encoding = call.text("Encoding", "default").lower()
    end = "" if call.flag("NoNewline") else "\r\n"
    if encoding == "byte":
        data = as_bytes(values)
    else:
        text = "".join(f"{to_string(one)}{end}" for one in values)
        codec = _CODECS[encoding]
        data = b"\xff\xfe" + text.encode("utf-16-le") if codec == "utf-16" else text.encode(codec, "replace")
    for path in call.texts("Path"):
        full = call.machine.files.resolve(path, call.shell.directory)
        if call.name == "Add-Content" and call.machine.files.is_file(full):
            data = call.machine.files.read_bytes(full) + data
        written(call, full, data)
    yield from ()


@cmdlet("Clear-Content", "Path:0:pipe:prop:a=LiteralPath Force:switch", aliases="clc")
def clear_content(call: Call) -> Iterator[Value]:
    """Empty files."""
    for path in paths_of(call):
        for one in providers.items(call.shell, path):
            written(call, to_string(one.get("FullName")), b"")
    yield from ()


@cmdlet("Join-Path", "Path:0:pipe ChildPath:1 AdditionalChildPath:2 Resolve:switch")
def join_path(call: Call) -> Iterator[Value]:
    """Put paths together."""
    for path in call.texts("Path"):
        yield path.rstrip("\\/") + "\\" + call.text("ChildPath").lstrip("\\/")


@cmdlet(
    "Split-Path",
    "Path:0:pipe:a=LiteralPath Parent:switch Leaf:switch LeafBase:switch Extension:switch Qualifier:switch NoQualifier:switch Resolve:switch IsAbsolute:switch",
)
def split_path(call: Call) -> Iterator[Value]:
    """Take a path apart."""
    for path in call.texts("Path"):
        if call.flag("Leaf"):
            yield path.rstrip("\\/").rpartition("\\")[2]
        elif call.flag("Qualifier"):
            yield path.partition(":")[0] + ":"
        else:
            yield path.rstrip("\\/").rpartition("\\")[0]


@cmdlet("Resolve-Path", "Path:0:pipe:a=LiteralPath Relative:switch", aliases="rvpa")
def resolve_path(call: Call) -> Iterator[Value]:
    """Make paths absolute, of what is there."""
    for path in call.texts("Path"):
        found = providers.items(call.shell, path)
        if not found:
            call.report(missing(call, path))
        for one in found:
            full = to_string(one.get("FullName"))
            yield PSObject(
                "System.Management.Automation.PathInfo",
                {"Path": full, "ProviderPath": full},
                text=full,
                shown=("Path",),
            )
