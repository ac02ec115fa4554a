"""What .NET's strings, arrays, hash tables, dates and durations can do, as far as scripts use it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from localazure.guests.windows.powershell.convert import to_int, to_list, to_number, to_string
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.operators import format_value
from localazure.guests.windows.powershell.values import CaseDict, Enumerated, Hashtable, PSObject, Value


def _substring(text: str, start: Value, length: Value = None) -> str:
    first = to_int(start)
    last = len(text) if length is None else first + to_int(length)
    if not 0 <= first <= last <= len(text):
        raise PSError(
            "Index and length must refer to a location within the string.\r\nParameter name: length",
            kind="System.ArgumentOutOfRangeException",
        )
    return text[first:last]


def _split(text: str, *separators: Value) -> list[str]:
    marks = [to_string(one) for one in (to_list(separators[0]) if separators else [" "])]
    drop = len(separators) > 1 and to_string(separators[-1]).lower() in ("removeemptyentries", "1")
    limit = (
        to_int(separators[1]) - 1
        if len(separators) > 1 and isinstance(separators[1], int) and not drop
        else 0
    )
    characters = "".join(marks)
    parts = re.split(f"[{re.escape(characters)}]", text, maxsplit=max(limit, 0))
    return [part for part in parts if part] if drop else parts


def _strip(text: str, *characters: Value) -> str:
    return text.strip("".join(to_string(c) for one in characters for c in to_list(one)) or None)


def _left(text: str, *characters: Value) -> str:
    return text.lstrip("".join(to_string(c) for one in characters for c in to_list(one)) or None)


def _right(text: str, *characters: Value) -> str:
    return text.rstrip("".join(to_string(c) for one in characters for c in to_list(one)) or None)


def _insensitive(kind: list[Value]) -> bool:
    return any("ignorecase" in to_string(one).lower() for one in kind)


def _contains(text: str, part: Value, *kind: Value) -> bool:
    return to_string(part) in text


def _starts(text: str, part: Value, *kind: Value) -> bool:
    if _insensitive(list(kind)):
        return text.lower().startswith(to_string(part).lower())
    return text.startswith(to_string(part))


def _ends(text: str, part: Value, *kind: Value) -> bool:
    if _insensitive(list(kind)):
        return text.lower().endswith(to_string(part).lower())
    return text.endswith(to_string(part))


def _remove_at(values: list[Any], index: Value) -> None:
    del values[to_int(index)]


def _add_once(values: list[Any], value: Value) -> int:
    values.append(value)
    return len(values) - 1


def _pairs(table: Hashtable) -> list[PSObject]:
    return [
        PSObject(
            "System.Collections.DictionaryEntry",
            {"Name": key, "Key": key, "Value": value},
            shown=("Name", "Value"),
        )
        for key, value in table.items()
    ]


def _put(table: Hashtable, key: Value, value: Value) -> None:
    if key in table:
        raise PSError(
            f"Item has already been added. Key in dictionary: '{to_string(key)}'",
            kind="System.ArgumentException",
        )
    table[key] = value


_LOCAL = "Local"

PROPERTIES: dict[type, CaseDict] = {
    str: CaseDict({"Length": len}),
    Enumerated: CaseDict({"value__": lambda v: v.number}),
    list: CaseDict({"Count": len, "Length": len, "IsFixedSize": lambda v: False}),
    tuple: CaseDict({"Count": len, "Length": len}),
    bytes: CaseDict({"Count": len, "Length": len}),
    bytearray: CaseDict({"Count": len, "Length": len}),
    Hashtable: CaseDict({"Count": len, "Keys": lambda v: v.keys(), "Values": lambda v: v.values()}),
    dt.datetime: CaseDict(
        {
            "Year": lambda v: v.year,
            "Month": lambda v: v.month,
            "Day": lambda v: v.day,
            "Hour": lambda v: v.hour,
            "Minute": lambda v: v.minute,
            "Second": lambda v: v.second,
            "Millisecond": lambda v: v.microsecond // 1000,
            "DayOfYear": lambda v: v.timetuple().tm_yday,
            "Date": lambda v: v.replace(hour=0, minute=0, second=0, microsecond=0),
            "Ticks": lambda v: int((v - dt.datetime(1, 1, 1, tzinfo=dt.UTC)).total_seconds() * 10**7),
            "Kind": lambda v: _LOCAL,
        }
    ),
    dt.timedelta: CaseDict(
        {
            "Days": lambda v: v.days,
            "Hours": lambda v: v.seconds // 3600,
            "Minutes": lambda v: v.seconds // 60 % 60,
            "Seconds": lambda v: v.seconds % 60,
            "Milliseconds": lambda v: v.microseconds // 1000,
            "TotalDays": lambda v: v.total_seconds() / 86400,
            "TotalHours": lambda v: v.total_seconds() / 3600,
            "TotalMinutes": lambda v: v.total_seconds() / 60,
            "TotalSeconds": lambda v: v.total_seconds(),
            "TotalMilliseconds": lambda v: v.total_seconds() * 1000,
            "Ticks": lambda v: int(v.total_seconds() * 10**7),
        }
    ),
}

METHODS: dict[type, CaseDict] = {
    str: CaseDict(
        {
            "ToUpper": str.upper,
            "ToLower": str.lower,
            "ToUpperInvariant": str.upper,
            "ToLowerInvariant": str.lower,
            "Trim": _strip,
            "TrimStart": _left,
            "TrimEnd": _right,
            "Contains": _contains,
            "StartsWith": _starts,
            "EndsWith": _ends,
            "Replace": lambda s, a, b: s.replace(to_string(a), to_string(b)),
            "Split": _split,
            "Substring": _substring,
            "IndexOf": lambda s, a, *k: (
                s.lower().find(to_string(a).lower()) if _insensitive(list(k)) else s.find(to_string(a))
            ),
            "LastIndexOf": lambda s, a: s.rfind(to_string(a)),
            "Insert": lambda s, i, a: s[: to_int(i)] + to_string(a) + s[to_int(i) :],
            "Remove": lambda s, i, n=None: s[: to_int(i)] + ("" if n is None else s[to_int(i) + to_int(n) :]),
            "PadLeft": lambda s, n, c=" ": s.rjust(to_int(n), to_string(c)),
            "PadRight": lambda s, n, c=" ": s.ljust(to_int(n), to_string(c)),
            "ToCharArray": list,
            "CompareTo": lambda s, a: (s > to_string(a)) - (s < to_string(a)),
            "Equals": lambda s, a, *k: s.lower() == to_string(a).lower() if _insensitive(list(k)) else s == a,
        }
    ),
    list: CaseDict(
        {
            "Add": _add_once,
            "AddRange": lambda v, more: v.extend(to_list(more)),
            "Clear": list.clear,
            "Contains": lambda v, one: one in v,
            "IndexOf": lambda v, one: v.index(one) if one in v else -1,
            "Insert": lambda v, i, one: v.insert(to_int(i), one),
            "Remove": lambda v, one: v.remove(one) if one in v else None,
            "RemoveAt": _remove_at,
            "ToArray": list,
            "Reverse": list.reverse,
            "GetLength": lambda v, d: len(v),
        }
    ),
    Hashtable: CaseDict(
        {
            "ContainsKey": lambda t, k: k in t,
            "Contains": lambda t, k: k in t,
            "ContainsValue": lambda t, v: v in t.values(),
            "Add": _put,
            "Remove": lambda t, k: t.pop(k) and None,
            "Clear": lambda t: [t.pop(key) for key in t] and None,
            "GetEnumerator": _pairs,
            "Clone": lambda t: Hashtable(t.items()),
        }
    ),
    int: CaseDict({"ToString": lambda v, form="", *k: format_value(v, to_string(form))}),
    float: CaseDict({"ToString": lambda v, form="", *k: format_value(v, to_string(form))}),
    dt.datetime: CaseDict(
        {
            "ToString": lambda v, form="", *k: format_value(v, to_string(form)),
            "AddSeconds": lambda v, n: v + dt.timedelta(seconds=to_number(n)),
            "AddMinutes": lambda v, n: v + dt.timedelta(minutes=to_number(n)),
            "AddHours": lambda v, n: v + dt.timedelta(hours=to_number(n)),
            "AddDays": lambda v, n: v + dt.timedelta(days=to_number(n)),
            "AddYears": lambda v, n: v.replace(year=v.year + to_int(n)),
            "AddMonths": lambda v, n: v + dt.timedelta(days=30 * to_int(n)),
            "AddMilliseconds": lambda v, n: v + dt.timedelta(milliseconds=to_number(n)),
            "ToUniversalTime": lambda v: v,
            "ToLocalTime": lambda v: v,
            "ToFileTimeUtc": lambda v: int(
                (v - dt.datetime(1601, 1, 1, tzinfo=dt.UTC)).total_seconds() * 10**7
            ),
            "ToShortDateString": lambda v: v.strftime("%m/%d/%Y"),
            "Subtract": lambda v, other: v - other,
        }
    ),
    dt.timedelta: CaseDict({"ToString": lambda v, form="", *k: to_string(v)}),
}
METHODS[bytearray] = METHODS[bytes] = CaseDict({"ToString": to_string})
