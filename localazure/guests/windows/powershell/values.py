"""PowerShell's values as Python's: what has no counterpart there, and the rules that differ.

Strings, integers, floats, booleans, None, lists (arrays), bytes (byte arrays), datetimes and timedeltas are
Python's own. Names are compared without regard to case everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localazure.guests.windows.powershell.gaps import ModelGap

if TYPE_CHECKING:
    from tree_sitter import Node

Value = Any


class CaseDict:
    """An ordered mapping whose string keys are found in any case; it keeps them as first written."""

    def __init__(self, pairs: Mapping[Any, Value] | Iterable[tuple[Any, Value]] = ()) -> None:
        self._pairs: dict[Any, tuple[Any, Value]] = {}
        for key, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            self[key] = value

    @staticmethod
    def _fold(key: Any) -> Any:
        return str.lower(key) if isinstance(key, str) else key

    def __getitem__(self, key: Any) -> Value:
        return self._pairs[self._fold(key)][1]

    def __setitem__(self, key: Any, value: Value) -> None:
        folded = self._fold(key)
        self._pairs[folded] = (self._pairs[folded][0] if folded in self._pairs else key, value)

    def __delitem__(self, key: Any) -> None:
        del self._pairs[self._fold(key)]

    def __contains__(self, key: Any) -> bool:
        return self._fold(key) in self._pairs

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self._pairs.values()])

    def get(self, key: Any, default: Value = None) -> Value:
        """Look a key up."""
        return self._pairs.get(self._fold(key), (None, default))[1]

    def items(self) -> list[tuple[Any, Value]]:
        """List the pairs in their order."""
        return list(self._pairs.values())

    def keys(self) -> list[Any]:
        """List the keys in their order."""
        return [key for key, _ in self._pairs.values()]

    def values(self) -> list[Value]:
        """List the values in their order."""
        return [value for _, value in self._pairs.values()]

    def pop(self, key: Any, default: Value = None) -> Value:
        """Take a key out."""
        return self._pairs.pop(self._fold(key), (None, default))[1]


class Hashtable(CaseDict):
    """`@{}` and `[ordered]@{}`; this one is always ordered."""


Method = Callable[..., Value]


class PSObject:
    """An object with properties: of a .NET type that a cmdlet returns, or a PSCustomObject."""

    def __init__(
        self,
        type_name: str,
        properties: CaseDict | Mapping[str, Value],
        *,
        text: str | None = None,
        shown: tuple[str, ...] = (),
        methods: Mapping[str, Method] | None = None,
        closed: bool = True,
        base: Value = None,
    ) -> None:
        self.type_name = type_name
        self.properties = properties if isinstance(properties, CaseDict) else CaseDict(properties)
        self.text = text
        self.shown = shown
        """The columns of its default table; none: a list of all properties."""
        self.methods = CaseDict(methods or {})
        self.closed = closed
        """A type of Windows: a property that the model lacks is a gap and not $null."""
        self.base = base

    def get(self, name: str) -> Value:
        """Read a property; what a type of Windows has and the model lacks is a gap."""
        if name in self.properties:
            value = self.properties[name]
            return value() if isinstance(value, Lazy) else value
        if self.closed:
            raise ModelGap(f"the property {name} of {self.type_name}")
        return None


@dataclass(frozen=True)
class Lazy:
    """A property that is computed each time it is read."""

    compute: Callable[[], Value]

    def __call__(self) -> Value:
        """Compute it."""
        return self.compute()


class Enumerated(str):
    """A member of an enumeration: reads as its name, travels in JSON as its number."""

    number: int

    def __new__(cls, name: str, number: int) -> Enumerated:
        """Make a member."""
        self = super().__new__(cls, name)
        self.number = number
        return self


@dataclass(frozen=True)
class DotNetType:
    """`[System.String]`: a type as a value."""

    name: str


@dataclass(frozen=True)
class ScriptBlock:
    """`{ ... }`: its syntax and its text."""

    node: Node = field(repr=False)
    source: bytes = field(repr=False)
    text: str = ""


class Reference:
    """`[ref]$x`."""

    def __init__(self, get: Callable[[], Value], put: Callable[[Value], None]) -> None:
        self.get, self.put = get, put


def custom(pairs: Mapping[str, Value] | Iterable[tuple[str, Value]]) -> PSObject:
    """Make a PSCustomObject."""
    return PSObject("System.Management.Automation.PSCustomObject", CaseDict(pairs), closed=False)


def is_list(value: Value) -> bool:
    """Tell whether the pipeline takes a value apart."""
    return isinstance(value, list | tuple | bytes | bytearray)


def unrolled(value: Value) -> Iterator[Value]:
    """Send a value down a pipeline: lists one by one, everything else whole."""
    if is_list(value):
        yield from value
    else:
        yield value


def collected(values: list[Value]) -> Value:
    """What an assignment keeps of a pipeline's output: nothing, the one thing, or an array."""
    if not values:
        return None
    return values[0] if len(values) == 1 else values
