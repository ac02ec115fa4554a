"""Integers."""

from __future__ import annotations

from typing import Any

from localazure.deployments.language.errors import invalid_argument, wrong_type
from localazure.deployments.language.registry import function
from localazure.deployments.language.values import integer


@function("add", 2, 2)
def add(one: Any, other: Any) -> int:
    """The sum."""
    return integer("add", one) + integer("add", other)


@function("sub", 2, 2)
def sub(one: Any, other: Any) -> int:
    """The difference."""
    return integer("sub", one) - integer("sub", other)


@function("mul", 2, 2)
def mul(one: Any, other: Any) -> int:
    """The product."""
    return integer("mul", one) * integer("mul", other)


def _quotient(name: str, one: Any, other: Any) -> int:
    dividend, divisor = integer(name, one), integer(name, other)
    if divisor == 0:
        raise invalid_argument(name, "the divisor must not be zero.")
    whole = abs(dividend) // abs(divisor)
    return whole if (dividend < 0) == (divisor < 0) else -whole


@function("div", 2, 2)
def div(one: Any, other: Any) -> int:
    """The quotient, cut towards zero as .NET does."""
    return _quotient("div", one, other)


@function("mod", 2, 2)
def mod(one: Any, other: Any) -> int:
    """What division leaves, with the dividend's sign as in .NET."""
    return integer("mod", one) - _quotient("mod", one, other) * integer("mod", other)


@function("int", 1, 1)
def int_(given: Any) -> int:
    """A number from its digits."""
    if isinstance(given, str):
        try:
            return int(given)
        except ValueError:
            raise invalid_argument("int", f"the value '{given}' cannot be converted to an integer.") from None
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise wrong_type("int", "Integer, String", given)
    return int(given)


@function("float", 1, 1)
def float_(given: Any) -> float:
    """A floating-point number, for what is passed on to others."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise wrong_type("float", "Float, String", given)
    try:
        return float(given)
    except ValueError:
        raise invalid_argument("float", f"the value '{given}' cannot be converted to a number.") from None


def _numbers(name: str, given: tuple[Any, ...]) -> list[int]:
    values = given[0] if len(given) == 1 and isinstance(given[0], list) else list(given)
    if not values:
        raise invalid_argument(name, "the array is empty.")
    return [integer(name, one) for one in values]


@function("min", 1, None)
def min_(*given: Any) -> int:
    """The smallest of an array or of all arguments."""
    return min(_numbers("min", given))


@function("max", 1, None)
def max_(*given: Any) -> int:
    """The largest of an array or of all arguments."""
    return max(_numbers("max", given))
