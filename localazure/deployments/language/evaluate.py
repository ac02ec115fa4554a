"""Values of expressions, and of JSON that has expressions in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from . import registry
from .errors import SEE, TemplateError, type_name
from .registry import Scope, Value
from .syntax import FunctionCall, Literal, Member, Node, calls, is_expression, parse, unescape

registry.load()

MOST_COPIES = 800
"""Turns of one copy loop (documented limit)."""


def evaluate(node: Node, scope: Scope) -> Value:
    """The value of a tree."""
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, FunctionCall):
        return _call(node, scope)
    if isinstance(node, Member):
        return _member(evaluate(node.of, scope), node.name)
    return _index(evaluate(node.of, scope), evaluate(node.at, scope))


def _call(node: FunctionCall, scope: Scope) -> Value:
    found = registry.find(node.name, len(node.arguments), scope.place)
    if found.name == "if":  # only the branch that is taken is evaluated (documented)
        condition, yes, no = node.arguments
        return evaluate(yes if found.body(evaluate(condition, scope)) else no, scope)
    arguments = [evaluate(argument, scope) for argument in node.arguments]
    return found.body(scope, *arguments) if found.scoped else found.body(*arguments)


def _member(of: Value, name: str) -> Value:
    if not isinstance(of, Mapping):
        raise TemplateError(
            f"The language expression property '{name}' can't be evaluated, property name must be an "
            "integer or "
            f"the value an object. {SEE}"
        )
    for key in of:
        if key.lower() == name.lower():
            return of[key]
    raise TemplateError(
        f"The language expression property '{name}' doesn't exist, available properties are "
        f"'{', '.join(of)}'. {SEE}"
    )


def _index(of: Value, at: Value) -> Value:
    if isinstance(of, Mapping) and isinstance(at, str):
        return _member(of, at)
    if isinstance(of, list) and isinstance(at, int) and not isinstance(at, bool):
        if 0 <= at < len(of):
            return of[at]
        raise TemplateError(f"The language expression property array index '{at}' is out of bounds. {SEE}")
    raise TemplateError(
        f"The language expression cannot index a value of type '{type_name(of)}' by one of type "
        f"'{type_name(at)}'. {SEE}"
    )


def value_of(given: Value, scope: Scope) -> Value:
    """JSON with every expression in it replaced by its value, and property copies (`copy: […]`) unrolled."""
    if isinstance(given, str):
        return evaluate(parse(given), scope) if is_expression(given) else unescape(given)
    if isinstance(given, list):
        return [value_of(item, scope) for item in given]
    if isinstance(given, Mapping):
        plain = {key: item for key, item in given.items() if key.lower() != "copy" or not _is_loops(item)}
        found = {_key(key, scope): value_of(item, scope) for key, item in plain.items()}
        for key, item in given.items():
            if key not in plain:
                found |= {str(loop["name"]): turns(loop, scope) for loop in item}
        return found
    return given


def _is_loops(given: Value) -> bool:
    return isinstance(given, list) and all(
        isinstance(one, Mapping) and {"name", "count", "input"} <= set(one) for one in given
    )


def _key(key: str, scope: Scope) -> str:
    return str(value_of(key, scope)) if is_expression(key) else key


def turns(loop: Mapping[str, Value], scope: Scope, name: str | None = None) -> list[Value]:
    """The values of `{"name", "count", "input"}`: input once for each index."""
    name = name or str(loop["name"])
    return [value_of(loop["input"], inner) for inner in loop_scopes(name, loop["count"], scope)]


def loop_scopes(name: str, count: Value, scope: Scope) -> list[Scope]:
    """One scope for each turn of a loop."""
    times = value_of(count, scope)
    if not isinstance(times, int) or isinstance(times, bool) or not 0 <= times <= MOST_COPIES:
        raise TemplateError(
            f"The template copy count '{times}' of '{name}' is not valid: it must be an integer from 0 to "
            f"{MOST_COPIES}. Please see https://aka.ms/arm-copy for usage details."
        )
    key = name.lower()
    return [replace(scope, copies={**scope.copies, key: turn}, loop=key) for turn in range(times)]


def expressions(given: Value) -> Iterator[Node]:
    """Every expression in a piece of JSON, as trees; TemplateError for one that cannot be read."""
    if isinstance(given, str):
        if is_expression(given):
            yield parse(given)
    elif isinstance(given, list):
        for item in given:
            yield from expressions(item)
    elif isinstance(given, Mapping):
        for key, item in given.items():
            yield from expressions(key)
            yield from expressions(item)


def check(given: Value, place: str) -> None:
    """All functions in a piece of JSON exist, take so many arguments and may stand in this place."""
    for node in expressions(given):
        for call in calls(node):
            registry.find(call.name, len(call.arguments), place)
