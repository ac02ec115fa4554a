"""The binary operators: comparison filters arrays on its left, strings are compared without regard to case."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache

from localazure.guests.windows.powershell.convert import (
    cast,
    cast_error,
    is_type,
    short_type,
    to_bool,
    to_int,
    to_list,
    to_number,
    to_string,
    type_name,
)
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import (
    DotNetType,
    Enumerated,
    Hashtable,
    Value,
    is_list,
)


def equal(left: Value, right: Value, *, exact: bool = False) -> bool:
    """`-eq` of two single values: the right one becomes of the left one's type."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == to_bool(right)
    if isinstance(left, Enumerated) and isinstance(right, int) and not isinstance(right, bool):
        return left.number == right
    if isinstance(left, str):
        other = to_string(right)
        return left == other if exact else left.lower() == other.lower()
    if isinstance(left, int | float):
        try:
            return bool(left == to_number(right))
        except PSError:
            return False
    if isinstance(left, dt.datetime):
        try:
            return bool(left == cast(right, "datetime"))
        except PSError:
            return False
    if isinstance(left, DotNetType) and isinstance(right, DotNetType):
        return short_type(left.name) == short_type(right.name)
    return bool(left is right or left == right)


def order(left: Value, right: Value, *, exact: bool = False) -> int:
    """Compare two single values: below, at or above zero."""
    if isinstance(left, str) and not isinstance(left, Enumerated):
        a, b = left, to_string(right)
        if not exact:
            a, b = a.lower(), b.lower()
        return (a > b) - (a < b)
    if isinstance(left, dt.datetime):
        other = cast(right, "datetime")
        return int(left > other) - int(left < other)
    if isinstance(left, dt.timedelta):
        span = cast(right, "timespan")
        return int(left > span) - int(left < span)
    x, y = versioned(left, right)
    return int(x > y) - int(x < y)


def versioned(left: Value, right: Value) -> tuple[Value, Value]:
    """Numbers, or versions as tuples."""
    if getattr(left, "type_name", "") == "System.Version":
        return version_key(to_string(left)), version_key(to_string(right))
    return to_number(left), to_number(right)


def version_key(text: str) -> tuple[int, ...]:
    """`10.0.20348.1` as numbers."""
    return tuple(int(part) for part in text.split("."))


@lru_cache(maxsize=512)
def wildcard(pattern: str, *, exact: bool = False) -> re.Pattern[str]:
    """Turn a wildcard pattern into a regular expression."""
    out, index = "", 0
    while index < len(pattern):
        char = pattern[index]
        if char == "`" and index + 1 < len(pattern):
            index += 1
            out += re.escape(pattern[index])
        elif char == "*":
            out += ".*"
        elif char == "?":
            out += "."
        elif char == "[" and "]" in pattern[index:]:
            end = pattern.index("]", index)
            out += pattern[index : end + 1]
            index = end
        else:
            out += re.escape(char)
        index += 1
    return re.compile(out, re.DOTALL | (0 if exact else re.IGNORECASE))


def like(value: Value, pattern: Value, *, exact: bool = False) -> bool:
    """`-like`."""
    return wildcard(to_string(pattern), exact=exact).fullmatch(to_string(value)) is not None


_NAMED = re.compile(r"\(\?<([A-Za-z_]\w*)>")


@lru_cache(maxsize=512)
def regex(pattern: str, *, exact: bool = False) -> re.Pattern[str]:
    """Turn a .NET regular expression into one of Python's."""
    try:
        return re.compile(_NAMED.sub(r"(?P<\1>", pattern), 0 if exact else re.IGNORECASE)
    except re.error as error:
        raise PSError(
            f'parsing "{pattern}" - {error}', kind="System.ArgumentException", category="OperationStopped"
        ) from None


def match_table(found: re.Match[str]) -> Hashtable:
    """`$Matches`."""
    table = Hashtable()
    names = {index: name for name, index in found.re.groupindex.items()}
    for index in range(found.re.groups + 1):
        if found.group(index) is not None:
            table[names.get(index, index)] = found.group(index)
    return table


def add(left: Value, right: Value) -> Value:
    """`+`."""
    if left is None:
        return right
    if is_list(left):
        return [*left, *to_list(right)] if right is not None else [*left, None]
    if isinstance(left, Hashtable):
        if not isinstance(right, Hashtable):
            raise PSError(
                "A hash table can only be added to another hash table.", category="InvalidOperation"
            )
        return Hashtable([*left.items(), *right.items()])
    if isinstance(left, str):
        return left + to_string(right)
    if isinstance(left, dt.datetime):
        return left + cast(right, "timespan")
    if isinstance(left, dt.timedelta):
        return left + cast(right, "timespan")
    return to_number(left) + to_number(right)


def subtract(left: Value, right: Value) -> Value:
    """`-`."""
    if isinstance(left, dt.datetime):
        if isinstance(right, dt.timedelta):
            return left - right
        return left - cast(right, "datetime")
    if isinstance(left, dt.timedelta):
        return left - cast(right, "timespan")
    return to_number(left) - to_number(right)


def multiply(left: Value, right: Value) -> Value:
    """`*`: strings and arrays repeat."""
    if isinstance(left, str):
        return left * to_int(right)
    if is_list(left):
        return list(left) * to_int(right)
    return to_number(left) * to_number(right)


def divide(left: Value, right: Value) -> Value:
    """`/`: exact integers stay integers."""
    above, below = to_number(left), to_number(right)
    if below == 0:
        raise PSError(
            "Attempted to divide by zero.",
            kind="System.DivideByZeroException",
            identifier="System.DivideByZeroException",
        )
    result = above / below
    whole = isinstance(above, int) and isinstance(below, int) and above % below == 0
    return above // below if whole else result


def modulo(left: Value, right: Value) -> Value:
    """`%`: the sign is the dividend's."""
    above, below = to_number(left), to_number(right)
    if below == 0:
        raise PSError("Attempted to divide by zero.", kind="System.DivideByZeroException")
    result = abs(above) % abs(below)
    return -result if above < 0 else result


ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
}

_SINGLE: dict[str, Callable[[Value, Value, bool], bool]] = {
    "eq": lambda a, b, c: equal(a, b, exact=c),
    "ne": lambda a, b, c: not equal(a, b, exact=c),
    "gt": lambda a, b, c: order(a, b, exact=c) > 0,
    "ge": lambda a, b, c: order(a, b, exact=c) >= 0,
    "lt": lambda a, b, c: order(a, b, exact=c) < 0,
    "le": lambda a, b, c: order(a, b, exact=c) <= 0,
    "like": lambda a, b, c: like(a, b, exact=c),
    "notlike": lambda a, b, c: not like(a, b, exact=c),
}


def compare(operator: str, left: Value, right: Value) -> Value:
    """Every word operator that needs no scope; `operator` without its dash, in lower case."""
    exact = operator[0] == "c" and operator[1:] in (
        *_SINGLE,
        "replace",
        "split",
        "contains",
        "in",
        "match",
        "notmatch",
        "notcontains",
        "notin",
    )
    name = (
        operator[1:] if exact or (operator[0] == "i" and operator not in ("is", "isnot", "in")) else operator
    )
    if name in _SINGLE:
        judge = _SINGLE[name]
        if is_list(left):
            return [one for one in left if judge(one, right, exact)]
        return judge(left, right, exact)
    match name:
        case "contains" | "notcontains":
            return any(equal(one, right, exact=exact) for one in to_list(left)) == (name == "contains")
        case "in" | "notin":
            return any(equal(left, one, exact=exact) for one in to_list(right)) == (name == "in")
        case "replace":
            return _each(left, lambda one: _replace(one, right, exact))
        case "split":
            parts = to_list(right)
            limit = to_int(parts[1]) if len(parts) > 1 else 0
            flags = to_string(parts[2]).lower() if len(parts) > 2 else ""
            return _split(left, to_string(parts[0]), limit, "simplematch" in flags)
        case "join":
            return to_string(right).join(to_string(one) for one in to_list(left))
        case "is":
            return is_type(left, type_argument(right))
        case "isnot":
            return not is_type(left, type_argument(right))
        case "as":
            try:
                return cast(left, type_argument(right))
            except PSError:
                return None
        case "band":
            return to_int(left) & to_int(right)
        case "bor":
            return to_int(left) | to_int(right)
        case "bxor":
            return to_int(left) ^ to_int(right)
        case "shl":
            return to_int(left) << to_int(right)
        case "shr":
            return to_int(left) >> to_int(right)
    raise ModelGap(f"the operator -{operator}")


def type_argument(value: Value) -> str:
    """The name in `[type]` or `'type'`."""
    return value.name if isinstance(value, DotNetType) else to_string(value)


def _each(value: Value, change: Callable[[Value], Value]) -> Value:
    return [change(one) for one in value] if is_list(value) else change(value)


def _replace(value: Value, right: Value, exact: bool) -> str:
    parts = to_list(right)
    substitute = to_string(parts[1]) if len(parts) > 1 else ""
    template = re.sub(
        r"\$(\d+|\{(\w+)\})", lambda m: f"\\g<{m[2] or m[1]}>", substitute.replace("\\", "\\\\")
    )
    return regex(to_string(parts[0]), exact=exact).sub(template, to_string(value))


def _split(left: Value, pattern: str, limit: int, simple: bool) -> list[str]:
    expression = re.escape(pattern) if simple else pattern
    out: list[str] = []
    for one in to_list(left):
        out += [part or "" for part in regex(expression).split(to_string(one), maxsplit=max(limit - 1, 0))]
    return out


def span(left: Value, right: Value) -> list[int]:
    """`a..b`."""
    first, last = to_int(left), to_int(right)
    return list(range(first, last + 1)) if first <= last else list(range(first, last - 1, -1))


_HOLE = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^}]*))?\}")


def formatted(template: Value, arguments: Value) -> str:
    """`-f`."""
    values = to_list(arguments) if is_list(arguments) else [arguments]

    def fill(hole: re.Match[str]) -> str:
        if hole.group() in ("{{", "}}"):
            return hole.group()[0]
        if int(hole[1]) >= len(values):
            raise PSError(
                "Error formatting a string: Index (zero based) must be greater than or equal to zero and less "
                "than the size of the argument list..",
                category="InvalidOperation",
                identifier="FormatError",
            )
        text = format_value(values[int(hole[1])], hole[3] or "")
        width = int(hole[2] or 0)
        return text.rjust(width) if width >= 0 else text.ljust(-width)

    return _HOLE.sub(fill, to_string(template))


_DATES = (
    ("yyyy", "%Y"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("fffffff", "%f0"),
    ("fff", "%3"),
)


def format_value(value: Value, form: str) -> str:
    """One value by a .NET format string."""
    if not form:
        return to_string(value)
    if isinstance(value, dt.datetime):
        return format_date(value, form)
    kind, digits = form[0], form[1:]
    if isinstance(value, int | float) and kind in "NnFfDdXxPp" and (not digits or digits.isdigit()):
        return _format_number(value, kind, int(digits) if digits else None)
    if isinstance(value, int | float) and re.fullmatch(r"[0#,.]+", form):
        decimals = len(form.partition(".")[2])
        whole = form.partition(".")[0]
        return f"{value:0{whole.count('0') + (decimals + 1 if decimals else 0)}.{decimals}f}"
    raise ModelGap(f"the format {form!r} for {type_name(value)}")


def _format_number(value: float, kind: str, digits: int | None) -> str:
    match kind.upper():
        case "N":
            return f"{value:,.{2 if digits is None else digits}f}"
        case "F":
            return f"{value:.{2 if digits is None else digits}f}"
        case "P":
            return f"{value * 100:,.{2 if digits is None else digits}f} %"
        case "X":
            text = f"{int(value) & 0xFFFFFFFF:X}" if value < 0 else f"{int(value):X}"
            return (text if kind == "X" else text.lower()).zfill(digits or 0)
    return str(int(value)).zfill(digits or 0)


def format_date(value: dt.datetime, form: str) -> str:
    """Format a date by .NET's letters."""
    single = {
        "o": "%Y-%m-%dT%H:%M:%S.%f0Z",
        "s": "%Y-%m-%dT%H:%M:%S",
        "u": "%Y-%m-%d %H:%M:%SZ",
        "R": "%a, %d %b %Y %H:%M:%S GMT",
        "g": "%m/%d/%Y %H:%M",
        "d": "%m/%d/%Y",
    }
    if form in single or form in ("O",):
        return value.strftime(single.get(form, single["o"]))
    text = form
    for letters, code in _DATES:
        text = text.replace(letters, code)
    text = text.replace("%3", f"{value.microsecond // 1000:03d}").replace("'", "")
    return value.strftime(text.replace("K", "Z"))


__all__ = [
    "ARITHMETIC",
    "cast_error",
    "compare",
    "equal",
    "formatted",
    "like",
    "match_table",
    "order",
    "regex",
    "span",
    "wildcard",
]
