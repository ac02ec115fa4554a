"""How values look as text: lines, tables and lists, as Out-Default and Out-String write them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from localazure.guests.windows.powershell.convert import to_string
from localazure.guests.windows.powershell.values import CaseDict, Hashtable, PSObject, Value, is_list

_WIDTH = 120
_MOST_COLUMNS = 4
_SHOWN_AS_TEXT = (
    "System.Guid",
    "System.RuntimeType",
    "System.Security.Principal.SecurityIdentifier",
)


def rendered(values: Iterable[Value]) -> list[str]:
    """All values as lines."""
    return list(Renderer().all(values))


class Renderer:
    """Turns a stream of values into lines; objects of one kind in a row share a table."""

    def __init__(self) -> None:
        self._pending: list[PSObject] = []
        self._as_table = True

    def all(self, values: Iterable[Value]) -> Iterator[str]:
        """Render a whole stream."""
        for value in values:
            yield from self.one(value)
        yield from self.end()

    def one(self, value: Value) -> Iterator[str]:
        """Take a value; lines come out as soon as they are certain."""
        if isinstance(value, PSObject) and value.type_name == "Formatted":
            yield from self.end()
            yield from value.base
            return
        entry = _as_object(value)
        if entry is not None and entry.type_name == "Formatted":
            yield from self.end()
            yield from entry.base
            return
        if entry is None:
            yield from self.end()
            if is_list(value):
                for inner in value:
                    yield from self.one(inner)
            elif value is not None:
                yield from to_string(value).split("\n")
            return
        if self._pending and _kind(self._pending[0]) != _kind(entry):
            yield from self.end()
        self._pending.append(entry)

    def end(self) -> Iterator[str]:
        """Write what is waiting for the end of its table."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        columns = list(pending[0].shown) or [str(key) for key in pending[0].properties]
        if pending[0].shown or len(columns) <= _MOST_COLUMNS:
            yield from table(pending, columns)
        else:
            yield from listing(pending)


def _kind(value: PSObject) -> object:
    return (value.type_name, tuple(value.properties) if not value.closed else ())


def _as_object(value: Value) -> PSObject | None:
    if isinstance(value, Hashtable):
        return None if not len(value) else _entries(value)
    if isinstance(value, PSObject):
        if value.type_name in _SHOWN_AS_TEXT or value.type_name.endswith("ErrorRecord"):
            return None
        return value if len(value.properties) else None
    return None


def _entries(value: Hashtable) -> PSObject:
    rows = [
        PSObject("System.Collections.DictionaryEntry", {"Name": key, "Value": one}, shown=("Name", "Value"))
        for key, one in value.items()
    ]
    return PSObject("Formatted", {"Name": ""}, base=list(table(rows, ["Name", "Value"])))


def cell(value: Value) -> str:
    """One value in a table."""
    if is_list(value) or isinstance(value, CaseDict):
        inner = list(value)[:4] if is_list(value) else [str(key) for key in value]
        more = "..." if is_list(value) and len(value) > 4 else ""
        return "{" + ", ".join(to_string(one) for one in inner) + more + "}"
    if isinstance(value, dt.datetime):
        return value.strftime("%m/%d/%Y %I:%M:%S %p").lstrip("0")
    return to_string(value).replace("\r\n", " ").replace("\n", " ")


def table(rows: list[PSObject], columns: list[str]) -> Iterator[str]:
    """A table with its heads."""
    cells = [
        [
            cell(row.properties.get(name) if not callable(row.properties.get(name)) else row.get(name))
            for name in columns
        ]
        for row in rows
    ]
    numbers = [
        all(
            isinstance(row.properties.get(name), int | float)
            and not isinstance(row.properties.get(name), bool)
            for row in rows
        )
        for name in columns
    ]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]

    def line(parts: list[str]) -> str:
        padded = [
            part.rjust(width) if number else part.ljust(width)
            for part, width, number in zip(parts, widths, numbers, strict=True)
        ]
        return " ".join(padded).rstrip()

    yield ""
    yield line(list(columns))
    yield line(["-" * len(name) for name in columns])
    for row in cells:
        yield line(row)
    yield ""
    yield ""


def listing(rows: list[PSObject], names: list[str] | None = None) -> Iterator[str]:
    """Name and value, one a line."""
    yield ""
    for row in rows:
        keys = names or [str(key) for key in row.properties]
        width = max((len(key) for key in keys), default=0)
        yield ""
        for key in keys:
            value = row.get(key) if key in row.properties else None
            yield f"{key.ljust(width)} : {cell(value)}"
    yield ""
    yield ""
    yield ""
