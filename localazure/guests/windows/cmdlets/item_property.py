"""Values of registry keys, and properties of files."""

from __future__ import annotations

from collections.abc import Iterator

from localazure.guests.windows.cmdlets import providers
from localazure.guests.windows.cmdlets.item import missing, paths_of
from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_int, to_list, to_string
from localazure.guests.windows.powershell.values import PSObject, Value

_PATH = "Path:0:pipe:prop:a=LiteralPath:a=PSPath"
_KINDS = ("String", "ExpandString", "Binary", "DWord", "MultiString", "QWord", "Unknown")


def _absent(call: Call, path: str, name: str) -> None:
    call.report(
        call.fail(
            f"Property {name} does not exist at path {path}.",
            kind="System.Management.Automation.PSArgumentException",
            category="InvalidArgument",
            identifier="System.Management.Automation.PSArgumentException",
            target=name,
        )
    )


@cmdlet("Get-ItemProperty", _PATH + " Name:1:a=PSProperty Filter Include Exclude", aliases="gp")
def get_item_property(call: Call) -> Iterator[Value]:
    """Read a key's values as an object."""
    for path in paths_of(call):
        if providers.drive_of(path) == "file":
            yield from providers.items(call.shell, path)
            continue
        keys = providers.matching_keys(call.shell, path)
        if not keys and not any(mark in path for mark in "*?"):
            call.report(missing(call, path))
        names = call.texts("Name") or None
        for key in keys:
            absent = [n for n in names or [] if "*" not in n and not call.machine.registry.has_value(key, n)]
            for name in absent:
                _absent(call, path, name)
            if names is None or len(absent) < len(names):
                yield providers.value_object(call.machine, key, names)


@cmdlet("Get-ItemPropertyValue", _PATH + " Name:1", aliases="gpv")
def get_item_property_value(call: Call) -> Iterator[Value]:
    """Read values themselves."""
    for path in paths_of(call):
        key = providers.user_hive(call.shell, path)
        if not call.machine.registry.exists(key):
            call.report(missing(call, path))
            continue
        for name in call.texts("Name"):
            if call.machine.registry.has_value(key, name):
                yield call.machine.registry.value(key, name)
            else:
                _absent(call, path, name)


def _data(value: Value, kind: str) -> Value:
    if kind in ("DWord", "QWord"):
        return to_int(value)
    if kind == "MultiString":
        return [to_string(one) for one in to_list(value)]
    if kind in ("String", "ExpandString"):
        return to_string(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | list):
        return [to_string(one) for one in value] if isinstance(value, list) else value
    return to_string(value)


@cmdlet(
    "Set-ItemProperty",
    _PATH + " Name:1 Value:2 Type:a=PropertyType Force:switch PassThru:switch InputObject",
    aliases="sp",
)
@cmdlet("New-ItemProperty", _PATH + " Name:1 Value:2 PropertyType:a=Type Force:switch PassThru:switch")
def set_item_property(call: Call) -> Iterator[Value]:
    """Write a value."""
    wanted = call.text("Type") or call.text("PropertyType")
    kind = next((one for one in _KINDS if one.lower() == wanted.lower()), "")
    for path in paths_of(call):
        key = providers.user_hive(call.shell, path)
        if not call.machine.registry.exists(key):
            call.report(missing(call, path))
            continue
        name = call.text("Name")
        if (
            call.name == "New-ItemProperty"
            and call.machine.registry.has_value(key, name)
            and not call.flag("Force")
        ):
            call.report(
                call.fail(
                    "The property already exists.",
                    kind="System.IO.IOException",
                    category="ResourceExists",
                    target=name,
                )
            )
            continue
        data = _data(call.get("Value"), kind)
        call.machine.registry.set(key, name, data, kind or ("DWord" if isinstance(data, int) else ""))
        if call.name == "New-ItemProperty" or call.flag("PassThru"):
            yield providers.value_object(call.machine, key, [name])


@cmdlet("Remove-ItemProperty", _PATH + " Name:1 Force:switch", aliases="rp")
def remove_item_property(call: Call) -> Iterator[Value]:
    """Remove values."""
    for path in paths_of(call):
        key = providers.user_hive(call.shell, path)
        if not call.machine.registry.exists(key):
            call.report(missing(call, path))
            continue
        for name in call.texts("Name"):
            if not call.machine.registry.has_value(key, name):
                _absent(call, path, name)
            call.machine.registry.delete_value(key, name)
    yield from ()


@cmdlet("Rename-ItemProperty", _PATH + " Name:1 NewName:2 Force:switch", aliases="rnp")
def rename_item_property(call: Call) -> Iterator[Value]:
    """Give a value another name."""
    for path in paths_of(call):
        key = providers.user_hive(call.shell, path)
        data = call.machine.registry.value(key, call.text("Name"))
        call.machine.registry.delete_value(key, call.text("Name"))
        call.machine.registry.set(key, call.text("NewName"), data)
    yield from ()


__all__ = ["PSObject"]
