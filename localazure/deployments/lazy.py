"""Values that are evaluated when something asks for them, each once; a circle is the template's error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .language.errors import TemplateError


class LazyValues(Mapping[str, Any]):
    """Parameters or variables by lower-cased name."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._makers: dict[str, Callable[[], Any]] = {}
        self._values: dict[str, Any] = {}
        self._under_way: list[str] = []

    def add(self, name: str, make: Callable[[], Any]) -> None:
        """A value, and how it is made."""
        self._makers[name.lower()] = make

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if name in self._under_way:
            circle = "' -> '".join([*self._under_way[self._under_way.index(name) :], name])
            raise TemplateError(
                f"Circular dependency detected on template {self._kind}: '{circle}'. Please see "
                "https://aka.ms/arm-syntax for usage details."
            )
        make = self._makers[name]
        self._under_way.append(name)
        try:
            self._values[name] = make()
        finally:
            self._under_way.pop()
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
