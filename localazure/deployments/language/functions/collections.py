"""Arrays and objects; many of these take strings as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localazure.deployments.language.errors import TemplateError, invalid_argument, wrong_type
from localazure.deployments.language.registry import function
from localazure.deployments.language.values import array, integer, mapping, same, shown, text


@function("concat", 0, None)
def concat(*given: Any) -> Any:
    """Arrays one after the other, or strings, numbers and booleans as one string."""
    if not given:  # seen in these words, not in those of other counts
        raise TemplateError(
            "Unable to evaluate template language function 'concat'. At least one parameter should be "
            "provided. "
            "Please see https://aka.ms/arm-template-expressions for usage details."
        )
    if any(isinstance(one, list) for one in given):
        return [item for one in given for item in array("concat", one)]
    if any(isinstance(one, dict) for one in given):
        raise wrong_type("concat", "String, Array", next(one for one in given if isinstance(one, dict)))
    return "".join(shown(one) for one in given)


@function("createArray", 0, None)
def create_array(*given: Any) -> list[Any]:
    """An array of the arguments."""
    return list(given)


@function("createObject", 0, None)
def create_object(*given: Any) -> dict[str, Any]:
    """An object of names and values in turn."""
    if len(given) % 2:
        raise invalid_argument("createObject", "the function expects an even number of parameters.")
    return {text("createObject", given[at]): given[at + 1] for at in range(0, len(given), 2)}


@function("array", 1, 1)
def array_(given: Any) -> list[Any]:
    """A value as an array, if it is none yet."""
    return given if isinstance(given, list) else [given]


@function("length", 1, 1)
def length(given: Any) -> int:
    """How many items, members or characters."""
    if not isinstance(given, str | list | dict):
        raise wrong_type("length", "Array, Object, String", given)
    return len(given)


@function("empty", 1, 1)
def empty(given: Any) -> bool:
    """Whether there is nothing in it; null counts as empty."""
    if given is not None and not isinstance(given, str | list | dict):
        raise wrong_type("empty", "Array, Object, String", given)
    return not given


@function("contains", 2, 2)
def contains(container: Any, item: Any) -> bool:
    """Whether an array has the item, an object the name, a string the part (names without case)."""
    if isinstance(container, list):
        return any(same(one, item) for one in container)
    if isinstance(container, dict):
        return text("contains", item).lower() in {key.lower() for key in container}
    if isinstance(container, str):
        return shown(item) in container
    raise wrong_type("contains", "Array, Object, String", container)


def _sequence(name: str, given: Any) -> Any:
    if not isinstance(given, str | list):
        raise wrong_type(name, "Array, String", given)
    return given


@function("first", 1, 1)
def first(given: Any) -> Any:
    """The first item (null of none) or character (empty of none)."""
    found = _sequence("first", given)
    return found[0] if found else ("" if isinstance(found, str) else None)


@function("last", 1, 1)
def last(given: Any) -> Any:
    """The last item (null of none) or character (empty of none)."""
    found = _sequence("last", given)
    return found[-1] if found else ("" if isinstance(found, str) else None)


@function("take", 2, 2)
def take(given: Any, count: Any) -> Any:
    """So many from the start, or all."""
    return _sequence("take", given)[: max(0, integer("take", count))]


@function("skip", 2, 2)
def skip(given: Any, count: Any) -> Any:
    """All but so many from the start."""
    return _sequence("skip", given)[max(0, integer("skip", count)) :]


@function("indexOf", 2, 2)
def index_of(given: Any, item: Any) -> int:
    """Where it is first, or -1; in strings without case (documented)."""
    if isinstance(given, list):
        return next((at for at, one in enumerate(given) if same(one, item)), -1)
    return text("indexOf", given).lower().find(text("indexOf", item).lower())


@function("lastIndexOf", 2, 2)
def last_index_of(given: Any, item: Any) -> int:
    """Where it is last, or -1; in strings without case (documented)."""
    if isinstance(given, list):
        return next((at for at in reversed(range(len(given))) if same(given[at], item)), -1)
    return text("lastIndexOf", given).lower().rfind(text("lastIndexOf", item).lower())


@function("range", 2, 2)
def range_(start: Any, count: Any) -> list[int]:
    """So many integers from one on; at most 10,000 (documented)."""
    begin, many = integer("range", start), integer("range", count)
    if not 0 <= many <= 10_000:
        raise invalid_argument("range", "the count must not be negative and not be larger than '10000'.")
    return list(range(begin, begin + many))


@function("flatten", 1, 1)
def flatten(given: Any) -> list[Any]:
    """An array of arrays as one."""
    return [item for one in array("flatten", given) for item in array("flatten", one)]


def _fold(
    name: str, given: tuple[Any, ...], of_lists: Callable[..., Any], of_objects: Callable[..., Any]
) -> Any:
    arrays = isinstance(given[0], list)
    if not arrays and not isinstance(given[0], dict):
        raise wrong_type(name, "Array, Object", given[0])
    found = given[0]
    for one in given[1:]:
        found = of_lists(found, array(name, one)) if arrays else of_objects(found, mapping(name, one))
    return found


def _joined(one: list[Any], other: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in [*one, *other]:
        if not any(same(item, known) for known in found):
            found.append(item)
    return found


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Objects in both are merged in turn (documented); otherwise the later wins."""
    found = dict(one)
    for key, item in other.items():
        both = isinstance(found.get(key), dict) and isinstance(item, dict)
        found[key] = _merged(found[key], item) if both else item
    return found


@function("union", 1, None)
def union(*given: Any) -> Any:
    """Everything that is in any."""
    return _fold("union", given, _joined, _merged)


@function("intersection", 1, None)
def intersection(*given: Any) -> Any:
    """What is in all."""
    return _fold(
        "intersection",
        given,
        lambda one, other: [item for item in one if any(same(item, known) for known in other)],
        lambda one, other: {key: one[key] for key in one if key in other and same(one[key], other[key])},
    )


@function("items", 1, 1)
def items(given: Any) -> list[Any]:
    """An object as an array of `{"key", "value"}`, by key (documented)."""
    return [{"key": key, "value": item} for key, item in sorted(mapping("items", given).items())]
