"""Conversions between types, by PowerShell's rules; the culture is invariant, the time zone UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import (
    CaseDict,
    DotNetType,
    Enumerated,
    Hashtable,
    PSObject,
    ScriptBlock,
    Value,
    custom,
    is_list,
)

_NUMBER = re.compile(
    r"\s*(?P<sign>[+-]?)(?:0x(?P<hex>[0-9a-fA-F]+)|(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))\s*"
)


def to_string(value: Value) -> str:
    """Turn a value into a string as an interpolation does."""
    match value:
        case None:
            return ""
        case str():
            return str(value)
        case bool():
            return "True" if value else "False"
        case float():
            return _float(value)
        case int():
            return str(value)
        case dt.datetime():
            return value.strftime("%m/%d/%Y %H:%M:%S")
        case dt.timedelta():
            return timespan(value)
        case PSObject():
            return _object(value)
        case Hashtable():
            return "System.Collections.Hashtable"
        case ScriptBlock():
            return value.text
        case DotNetType():
            return value.name
    if is_list(value):
        return " ".join(to_string(one) for one in value)
    return str(value)


def _float(value: float) -> str:
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}"


def timespan(value: dt.timedelta) -> str:
    """`[d.]hh:mm:ss[.fffffff]`."""
    sign, value = ("-", -value) if value < dt.timedelta() else ("", value)
    hours, rest = divmod(value.seconds, 3600)
    days = f"{value.days}." if value.days else ""
    fraction = f".{value.microseconds:06d}0" if value.microseconds else ""
    return f"{sign}{days}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"


def _object(value: PSObject) -> str:
    if value.text is not None:
        return value.text
    if not value.closed or value.shown == ():
        pairs = "; ".join(f"{k}={to_string(value.get(k))}" for k in value.properties)
        return f"@{{{pairs}}}" if not value.closed else value.type_name
    return value.type_name


def to_bool(value: Value) -> bool:
    """Decide whether a condition holds."""
    if is_list(value):
        return len(value) > 1 or (len(value) == 1 and to_bool(value[0]))
    if isinstance(value, str | bool | int | float):
        return bool(value)
    return value is not None


def to_number(value: Value) -> int | float:
    """Turn a value into a number, or fail as a cast does."""
    match value:
        case None:
            return 0
        case bool():
            return int(value)
        case int() | float():
            return value
        case Enumerated():
            return value.number
        case str():
            return _parsed(value)
        case dt.timedelta():
            return value.total_seconds()
    raise cast_error(value, "System.Int32")


def _parsed(text: str) -> int | float:
    if not text.strip():
        return 0
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise cast_error(text, "System.Int32", "Input string was not in a correct format.")
    sign = -1 if match["sign"] == "-" else 1
    if match["hex"]:
        return sign * int(match["hex"], 16)
    number = match["number"]
    return sign * (int(number) if number.isdigit() else float(number))


def cast_error(value: Value, type_name: str, why: str = "") -> PSError:
    """What a cast that cannot be says."""
    shown = to_string(value)
    return PSError(
        f'Cannot convert value "{shown}" to type "{type_name}".' + (f' Error: "{why}"' if why else ""),
        kind="System.Management.Automation.PSInvalidCastException",
        category="InvalidArgument",
        identifier="InvalidCastFromStringToInteger"
        if isinstance(value, str)
        else "ConvertToFinalInvalidCastException",
    )


def to_int(value: Value) -> int:
    """Round half to even, as a cast does."""
    number = to_number(value)
    return number if isinstance(number, int) else round(number)


def to_list(value: Value) -> list[Value]:
    """`@(value)` of a value."""
    if value is None:
        return []
    return list(value) if is_list(value) else [value]


_FORMATS = (
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y",
)


def to_datetime(value: Value) -> dt.datetime:
    """Read a date; the machine's time zone is UTC."""
    if isinstance(value, dt.datetime):
        return value
    text = re.sub(r"(\.\d{6})\d+", r"\1", to_string(value).strip())
    text = re.sub(r"\+00:00$", "Z", text)
    for form in _FORMATS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC)
        except ValueError:
            continue
    raise cast_error(value, "System.DateTime", "String was not recognized as a valid DateTime.")


def to_timespan(value: Value) -> dt.timedelta:
    """Read a duration: ticks, or `d.hh:mm:ss`."""
    if isinstance(value, dt.timedelta):
        return value
    if isinstance(value, int):
        return dt.timedelta(microseconds=value / 10)
    match = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?", to_string(value))
    if match is None:
        raise cast_error(value, "System.TimeSpan")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def short_type(name: str) -> str:
    """`System.Management.Automation.X` and `X` are one name here: the last part, in lower case."""
    return name.strip().rpartition(".")[2].lower() if "[" not in name else name.lower().replace("system.", "")


_SIMPLE: dict[str, Any] = {
    "string": to_string,
    "int": to_int,
    "int32": to_int,
    "int64": to_int,
    "long": to_int,
    "uint32": to_int,
    "uint64": to_int,
    "int16": to_int,
    "byte": to_int,
    "double": lambda v: float(to_number(v)),
    "float": lambda v: float(to_number(v)),
    "single": lambda v: float(to_number(v)),
    "decimal": lambda v: float(to_number(v)),
    "bool": to_bool,
    "boolean": to_bool,
    "datetime": to_datetime,
    "timespan": to_timespan,
    "array": to_list,
    "switch": to_bool,
    "switchparameter": to_bool,
    "object": lambda v: v,
    "psobject": lambda v: v,
    "void": lambda v: None,
}


def cast(value: Value, type_name: str) -> Value:
    """`[type]value`."""
    name = short_type(type_name)
    if name.endswith("[]"):
        return [cast(one, name[:-2]) for one in to_list(value)]
    if name in _SIMPLE:
        return _SIMPLE[name](value)
    if name == "char":
        return chr(value) if isinstance(value, int) else to_string(value)[:1]
    if name in ("hashtable", "ordered", "ordereddictionary"):
        return value if isinstance(value, Hashtable) else Hashtable(value)
    if name == "pscustomobject":
        return custom(value.items()) if isinstance(value, CaseDict) else value
    if name == "scriptblock" and isinstance(value, ScriptBlock):
        return value
    from localazure.guests.windows.powershell.types import cast_special  # noqa: PLC0415 - it needs this module

    return cast_special(value, name, type_name)


_TYPES: dict[type, str] = {
    str: "System.String",
    bool: "System.Boolean",
    int: "System.Int32",
    float: "System.Double",
    list: "System.Object[]",
    tuple: "System.Object[]",
    bytes: "System.Byte[]",
    bytearray: "System.Byte[]",
    dt.datetime: "System.DateTime",
    dt.timedelta: "System.TimeSpan",
    Hashtable: "System.Collections.Hashtable",
    ScriptBlock: "System.Management.Automation.ScriptBlock",
}


def type_name(value: Value) -> str:
    """The full name of a value's type."""
    if isinstance(value, PSObject):
        return value.type_name
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**31) <= value < 2**31:
        return "System.Int64"
    return _TYPES.get(type(value), "System.Object") if not isinstance(value, Enumerated) else "System.Enum"


def is_type(value: Value, wanted: str) -> bool:
    """`value -is [wanted]`."""
    name, have = short_type(wanted), short_type(type_name(value))
    if value is None:
        return False
    if name in ("object",):
        return True
    if name in ("array", "object[]"):
        return isinstance(value, list | tuple)
    if name in ("ienumerable", "ilist", "icollection"):
        return is_list(value) or isinstance(value, CaseDict)
    if name in ("idictionary",):
        return isinstance(value, Hashtable)
    synonyms = {
        "int": "int32",
        "long": "int64",
        "bool": "boolean",
        "float": "single",
        "psobject": "pscustomobject",
    }
    if name in ("valuetype",):
        return isinstance(value, int | float)
    known = {*_SIMPLE, "hashtable", "scriptblock", "pscustomobject", "string[]", "byte[]"}
    if name not in known and not isinstance(value, PSObject) and "." not in wanted:
        raise ModelGap(f"the type [{wanted}] in -is")
    return synonyms.get(name, name) == have
