"""Conditions and comparisons."""

from __future__ import annotations

from functools import partial
from typing import Any

from localazure.deployments.language.errors import invalid_argument, wrong_type
from localazure.deployments.language.registry import function
from localazure.deployments.language.values import boolean, same


@function("if", 3, 3)
def if_(condition: Any) -> bool:
    """The condition of `if`; the evaluator takes the one branch and leaves the other alone."""
    return boolean("if", condition)


@function("and", 2, None)
def and_(*given: Any) -> bool:
    """Whether all are true."""
    return all(list(map(partial(boolean, "and"), given)))


@function("or", 2, None)
def or_(*given: Any) -> bool:
    """Whether any is true."""
    return any(list(map(partial(boolean, "or"), given)))


@function("not", 1, 1)
def not_(given: Any) -> bool:
    """The opposite."""
    return not boolean("not", given)


@function("xor", 2, 2)
def xor(one: Any, other: Any) -> bool:
    """Whether exactly one is true."""
    return boolean("xor", one) != boolean("xor", other)


@function("true", 0, 0)
def true() -> bool:
    """True."""
    return True


@function("false", 0, 0)
def false() -> bool:
    """False."""
    return False


@function("null", 0, 0)
def null() -> None:
    """Nothing."""


@function("bool", 1, 1)
def bool_(given: Any) -> bool:
    """`'true'`, `1` and their like."""
    if isinstance(given, bool | int):
        return bool(given)
    if isinstance(given, str) and given.lower() in ("true", "false"):
        return given.lower() == "true"
    raise wrong_type("bool", "Boolean", given)


@function("equals", 2, 2)
def equals(one: Any, other: Any) -> bool:
    """Whether two values are the same, type included; strings with their case."""
    return same(one, other)


@function("coalesce", 1, None)
def coalesce(*given: Any) -> Any:
    """The first that is not null."""
    return next((one for one in given if one is not None), None)


def _ordered(name: str, one: Any, other: Any) -> int:
    """Negative, zero or positive; integers with integers, strings with strings."""
    numbers = isinstance(one, int) and isinstance(other, int)
    if isinstance(one, bool) or isinstance(other, bool):
        numbers = False
    if not numbers and not (isinstance(one, str) and isinstance(other, str)):
        raise invalid_argument(name, "the parameters must be two integers or two strings.")
    return int(one > other) - int(one < other)


@function("less", 2, 2)
def less(one: Any, other: Any) -> bool:
    """One before the other."""
    return _ordered("less", one, other) < 0


@function("lessOrEquals", 2, 2)
def less_or_equals(one: Any, other: Any) -> bool:
    """One not after the other."""
    return _ordered("lessOrEquals", one, other) <= 0


@function("greater", 2, 2)
def greater(one: Any, other: Any) -> bool:
    """One after the other."""
    return _ordered("greater", one, other) > 0


@function("greaterOrEquals", 2, 2)
def greater_or_equals(one: Any, other: Any) -> bool:
    """One not before the other."""
    return _ordered("greaterOrEquals", one, other) >= 0
