"""Properties, methods and elements of values: Windows' own types know theirs, Python's get them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import to_int, to_list, to_string, type_name
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.native import METHODS, PROPERTIES
from localazure.guests.windows.powershell.values import (
    CaseDict,
    DotNetType,
    Hashtable,
    PSObject,
    Reference,
    ScriptBlock,
    Value,
    is_list,
)

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.shell import Shell


def get_member(shell: Shell, subject: Value, name: str) -> Value:
    """`subject.name`."""
    if isinstance(subject, DotNetType):
        from localazure.guests.windows.powershell.statics import static_property  # noqa: PLC0415 - mutual

        return static_property(shell, subject.name, name)
    if subject is None:
        return 0 if name.lower() in ("count", "length") else None
    if isinstance(subject, Hashtable) and name in subject:
        return subject[name]
    if isinstance(subject, PSObject):
        return _of_object(subject, name)
    if isinstance(subject, Reference) and name.lower() == "value":
        return subject.get()
    found = _native(PROPERTIES, subject, name)
    if found is not None:
        return found(subject)
    if is_list(subject):
        return _of_each(shell, subject, name)
    if name.lower() in ("count", "length"):
        return 1
    if name.lower() == "psobject":
        return _psobject(subject)
    return None


def _of_object(subject: PSObject, name: str) -> Value:
    lowered = name.lower()
    if name in subject.properties:
        return subject.get(name)
    if lowered in ("count", "length"):
        return 1
    if lowered == "psobject":
        return _psobject(subject)
    if lowered == "pstypenames":
        return [subject.type_name, "System.Object"]
    return subject.get(name)


def _psobject(subject: Value) -> PSObject:
    pairs = subject.properties if isinstance(subject, PSObject) else CaseDict()
    rows = [
        PSObject(
            "System.Management.Automation.PSNoteProperty",
            {
                "Name": key,
                "Value": subject.get(key),
                "MemberType": "NoteProperty",
                "TypeNameOfValue": type_name(subject.get(key)),
            },
            text=f"{key}={to_string(subject.get(key))}",
        )
        for key in pairs
    ]
    return PSObject(
        "System.Management.Automation.PSMemberSet",
        {"Properties": Properties(rows), "TypeNames": [type_name(subject)]},
    )


class Properties(list[PSObject]):
    """`PSObject.Properties`: a list that is also found by name."""


def _of_each(shell: Shell, values: Value, name: str) -> Value:
    """A property of an array is that of its members."""
    found = [get_member(shell, one, name) for one in values if one is not None]
    flat = [inner for one in found for inner in (one if is_list(one) else [one]) if one is not None]
    return None if not flat else flat[0] if len(flat) == 1 else flat


def _native(table: dict[type, CaseDict], subject: Value, name: str) -> Callable[..., Value] | None:
    for kind in type(subject).__mro__:
        if kind in table and name in table[kind]:
            found: Callable[..., Value] = table[kind][name]
            return found
    return None


def call_method(shell: Shell, subject: Value, name: str, arguments: list[Value]) -> Value:
    """`subject.name(arguments)`."""
    if isinstance(subject, DotNetType):
        from localazure.guests.windows.powershell.statics import static_method  # noqa: PLC0415 - mutual

        return static_method(shell, subject.name, name, arguments)
    if subject is None:
        raise PSError(
            "You cannot call a method on a null-valued expression.",
            category="InvalidOperation",
            identifier="InvokeMethodOnNull",
        )
    if isinstance(subject, PSObject) and name in subject.methods:
        return subject.methods[name](*arguments)
    lowered = name.lower()
    if isinstance(subject, ScriptBlock) and lowered in ("invoke", "invokereturnasis"):
        return list(shell.run_block(subject))
    if lowered == "tostring" and not arguments:
        return to_string(subject)
    if lowered == "gettype":
        full = type_name(subject)
        return PSObject("System.RuntimeType", {"FullName": full, "Name": full.rpartition(".")[2]}, text=full)
    if lowered == "equals":
        return bool(subject == arguments[0])
    found = _native(METHODS, subject, name)
    if found is not None:
        return found(subject, *arguments)
    if is_list(subject) and subject and not any(is_list(one) for one in subject):
        results = [call_method(shell, one, name, arguments) for one in subject]
        return [one for one in results if one is not None]
    raise ModelGap(f"the method {name} of {type_name(subject)}")


def element(subject: Value, index: Value) -> Value:
    """`subject[index]`."""
    if isinstance(subject, Hashtable):
        if is_list(index):
            return [subject.get(one) for one in index]
        value = subject.get(index)
        if value is None and isinstance(index, int) and index not in subject:
            values = subject.values()
            return values[index] if -len(values) <= index < len(values) else None
        return value
    if subject is None:
        raise PSError("Cannot index into a null array.", category="InvalidOperation", identifier="NullArray")
    if isinstance(subject, Properties) and isinstance(index, str):
        return next((one for one in subject if one.get("Name").lower() == index.lower()), None)
    if is_list(index):
        return [element(subject, one) for one in index]
    if isinstance(subject, str) or is_list(subject):
        at = to_int(index)
        return subject[at] if -len(subject) <= at < len(subject) else None
    if isinstance(subject, PSObject) and "Item" in subject.methods:
        return subject.methods["Item"](index)
    return subject if to_int(index) in (0, -1) else None


def set_member(subject: Value, name: str, value: Value, shell: Shell) -> None:
    """`subject.name = value`."""
    if isinstance(subject, Hashtable):
        subject[name] = value
        return
    if isinstance(subject, Reference) and name.lower() == "value":
        subject.put(value)
        return
    if isinstance(subject, PSObject) and (name in subject.properties or f"set_{name}" in subject.methods):
        if f"set_{name}" in subject.methods:
            subject.methods[f"set_{name}"](value)
        subject.properties[name] = value
        return
    if is_list(subject):
        for one in subject:
            set_member(one, name, value, shell)
        return
    raise PSError(
        f"The property '{name}' cannot be found on this object. Verify that the property exists and can be set.",
        category="InvalidOperation",
        identifier="PropertyNotFound",
    )


def set_element(subject: Value, index: Value, value: Value) -> None:
    """`subject[index] = value`."""
    if isinstance(subject, Hashtable):
        subject[index] = value
    elif isinstance(subject, list | bytearray):
        at = to_int(index)
        if not -len(subject) <= at < len(subject):
            raise PSError(
                "Index was outside the bounds of the array.",
                kind="System.IndexOutOfRangeException",
                category="OperationStopped",
            )
        subject[at] = value
    elif isinstance(subject, PSObject) and "set_Item" in subject.methods:
        subject.methods["set_Item"](index, value)
    else:
        raise PSError(
            f"Unable to index into an object of type {type_name(subject)}.", category="InvalidOperation"
        )


def property_of(shell: Shell, value: Value, name: str) -> Value:
    """A property by name, as cmdlets with -Property read it: what is not there is $null."""
    if isinstance(value, PSObject):
        return value.get(name) if name in value.properties or value.closed else None
    return get_member(shell, value, name)


def property_names(value: Value) -> list[str]:
    """The names of an object's properties."""
    if isinstance(value, PSObject):
        return [str(key) for key in value.properties]
    return [str(key) for key in to_list(value.keys())] if isinstance(value, Hashtable) else []
