"""The functions of the language: found because they are registered, checked for their number of arguments."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .errors import UnsupportedError, unexpected_function, unknown_function, wrong_count

Value = Any
"""A JSON value: str, int, float, bool, None, list or dict."""


class Surroundings(Protocol):
    """What a template can ask about the world it is deployed into."""

    subscription: Mapping[str, Value]
    group: Mapping[str, Value]
    deployment: Mapping[str, Value]
    environment: Mapping[str, Value]

    def reference(self, target: str, api_version: str | None, *, full: bool) -> Value:
        """The state of a resource; DeferredError while planning."""

    def now(self) -> str:
        """The time, for `utcNow`."""


@dataclass(frozen=True)
class Scope:
    """What an expression can see."""

    surroundings: Surroundings
    parameters: Mapping[str, Value] = field(default_factory=dict)
    """By lower-cased name."""
    variables: Mapping[str, Value] = field(default_factory=dict)
    """By lower-cased name; may evaluate when asked."""
    copies: Mapping[str, int] = field(default_factory=dict)
    """The index of each copy loop around the expression, by lower-cased name."""
    loop: str | None = None
    """The loop that `copyIndex()` means when it names none."""
    place: str = "resource"
    """`default` (of a parameter), `variable`, `resource` or `output`; some functions belong to some alone."""


Body = Callable[..., Value]


@dataclass(frozen=True)
class Function:
    """One function of the language."""

    name: str
    least: int
    most: int | None
    body: Body
    scoped: bool
    places: frozenset[str] | None


_FUNCTIONS: dict[str, Function] = {}

# Known to ARM (documented), not to us.
ELSEWHERE = frozenset(
    name.lower()
    for name in (
        *("filter", "map", "mapValues", "reduce", "sort", "toObject", "groupBy", "lambda", "lambdaVariables"),
        *("dateTimeAdd", "dateTimeFromEpoch", "dateTimeToEpoch", "dataUri", "dataUriToString", "parseCidr"),
        *(
            "cidrSubnet",
            "cidrHost",
            "buildUri",
            "parseUri",
            "objectKeys",
            "shallowMerge",
            "tryGet",
            "tryIndex",
        ),
        *("indexFromEnd", "listKeys", "listSecrets", "listAccountSas", "listServiceSas", "list", "pickZones"),
        *("providers", "references", "managementGroup", "managementGroupResourceId", "tenant", "deployer"),
        *("toLogicalZone", "toLogicalZones", "toPhysicalZone", "toPhysicalZones", "externalInput", "fail"),
        *("tryFormat", "joinLines", "trimStart", "trimEnd", "loadTextContent", "getSecret", "this"),
    )
)


def function(
    name: str,
    least: int,
    most: int | None,
    *,
    scoped: bool = False,
    places: tuple[str, ...] | None = None,
) -> Callable[[Body], Body]:
    """Register a function; `scoped` ones get the scope first, `places` says where alone it may stand."""

    def register(body: Body) -> Body:
        allowed = frozenset(places) if places else None
        _FUNCTIONS[name.lower()] = Function(name, least, most, body, scoped, allowed)
        return body

    return register


def find(name: str, given: int, place: str) -> Function:
    """A function that takes so many arguments and may stand here."""
    found = _FUNCTIONS.get(name.lower())
    if found is None:
        if name.lower() in ELSEWHERE or name.lower().startswith("list"):
            raise UnsupportedError(f"the template function '{name}'")
        raise unknown_function(name)
    if given < found.least or (found.most is not None and given > found.most):
        raise wrong_count(found.name, found.least, found.most, given)
    if found.places is not None and place not in found.places:
        raise unexpected_function(found.name)
    return found


def names() -> list[str]:
    """All functions, by their name in ARM's casing."""
    return sorted(one.name for one in _FUNCTIONS.values())


def load() -> None:
    """Import the modules of functions (they register themselves)."""
    home = importlib.import_module("localazure.deployments.language.functions")
    for module in pkgutil.iter_modules(home.__path__):
        importlib.import_module(f"{home.__name__}.{module.name}")
