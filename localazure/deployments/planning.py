"""What a template means for one group: its resources with their ids, and in which order.

Pure. A plan is made when the request comes (what can be wrong is found before anything happens) and again by
the run, from the same template and parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from localazure.arm.errors import not_implemented
from localazure.arm.ids import ResourceId

from .errors import invalid_resource, invalid_template
from .language.errors import DeferredError, TemplateError, UnsupportedError
from .language.evaluate import check, evaluate, expressions, loop_scopes, turns, value_of
from .language.registry import Scope, Surroundings
from .language.syntax import calls
from .lazy import LazyValues
from .template import SENT, Json, Template

_SEE = "Please see https://aka.ms/arm-template/#resources for usage details."


@dataclass(frozen=True)
class Planned:
    """One resource that a deployment puts."""

    rid: ResourceId
    api_version: str
    body: Json
    """The members of its PUT; expressions are still text."""
    scope: Scope
    wanted: bool
    """Whether its condition holds; what is not wanted is not put and nothing waits for it."""
    loop: str | None = None
    """The copy loop it is of, in lower case."""
    turn: int = 0
    batch: int = 0
    """With `mode: serial`, how many of its loop run at a time; 0: all."""
    given: tuple[str, ...] = ()
    """`dependsOn` as the template says it, evaluated."""
    needs: tuple[ResourceId, ...] = ()
    """What must be there first."""

    @property
    def key(self) -> str:
        """The id's key."""
        return self.rid.key


@dataclass(frozen=True)
class Plan:
    """All resources of a deployment and the scope of its outputs."""

    resources: tuple[Planned, ...]
    scope: Scope
    outputs: Mapping[str, Json]

    @property
    def wanted(self) -> list[Planned]:
        """The resources that are put."""
        return [one for one in self.resources if one.wanted]


def make_scope(template: Template, values: Mapping[str, Any], surroundings: Surroundings) -> Scope:
    """Parameters and variables; variables are evaluated when asked for."""
    lazy = LazyValues("variable")
    base = Scope(
        surroundings,
        parameters={name.lower(): value for name, value in values.items()},
        variables=lazy,
        place="variable",
    )
    for name, given in template.variables.items():
        check(given, "variable")
        if name.lower() != "copy":
            lazy.add(name, partial(value_of, given, base))
    loops: Any = next((one for name, one in template.variables.items() if name.lower() == "copy"), [])
    if not isinstance(loops, list) or not all({"name", "count", "input"} <= set(loop) for loop in loops):
        raise TemplateError(
            "The template variable copy is not valid: 'name', 'count' and 'input' are required. Please see "
            "https://aka.ms/arm-copy for usage details."
        )
    for loop in loops:
        lazy.add(loop["name"], partial(turns, loop, base))
    return base


def make_plan(
    template: Template, values: Mapping[str, Any], surroundings: Surroundings, group: ResourceId
) -> Plan:
    """The plan; ArmError (InvalidTemplate, or 501) when there is none."""
    try:
        base = make_scope(template, values, surroundings)
        for name in base.variables:
            _tolerant(partial(base.variables.__getitem__, name))
        scope = replace(base, place="resource")
        check([list(template.resources)], "resource")
        check(dict(template.outputs), "output")
        found = [one for given in template.resources for one in _expand(given, scope, group, None)]
        _check_unique(found)
        ordered = _in_order(_with_needs(found))
    except TemplateError as error:
        raise invalid_template(error) from None
    except UnsupportedError as error:
        raise not_implemented(str(error)) from None
    for planned in ordered:
        _check_body(planned)
    return Plan(tuple(ordered), replace(base, place="output"), template.outputs)


def _tolerant(make: Callable[[], Any]) -> None:
    """Evaluate for its errors; what needs resources comes later."""
    with suppress(DeferredError):
        make()


def _check_body(planned: Planned) -> None:
    try:
        _tolerant(lambda: value_of(planned.body, planned.scope))
    except TemplateError as error:
        if planned.wanted:
            raise invalid_resource(planned.rid.text, error) from None
    except UnsupportedError as error:
        raise not_implemented(str(error)) from None


def _expand(
    given: Json, scope: Scope, group: ResourceId, parent: tuple[str, str] | None
) -> Iterator[Planned]:
    """A template resource as one or, with a copy loop, many; children after their parent."""
    loop = given.get("copy")
    scopes = loop_scopes(loop["name"], loop["count"], scope) if loop else [scope]
    for turn, inner in enumerate(scopes):
        kind, name = _text(given["type"], inner, "type"), _text(given["name"], inner, "name")
        if parent is not None:
            kind, name = f"{parent[0]}/{kind}", f"{parent[1]}/{name}"
        planned = Planned(
            rid=_resource_id(kind, name, group),
            api_version=_text(given["apiVersion"], inner, "apiVersion"),
            body={member: given[member] for member in SENT if given.get(member) is not None},
            scope=inner,
            wanted=_condition(given, inner, name),
            loop=loop["name"].lower() if loop else None,
            turn=turn,
            batch=_batch(loop),
            given=tuple(_dependencies(given, inner)),
        )
        yield planned
        for child in given["resources"]:
            yield from _expand(child, inner, group, (kind, name))


def _batch(loop: Json | None) -> int:
    if loop is None or str(loop.get("mode", "parallel")).lower() != "serial":
        return 0
    size = loop.get("batchSize", 1)
    return size if isinstance(size, int) and size > 0 else 1


def _text(given: Any, scope: Scope, member: str) -> str:
    try:
        found = value_of(given, scope)
    except DeferredError:
        raise TemplateError(
            "The template function 'reference' is not expected at this location. Please see "
            "https://aka.ms/arm-template-expressions for usage details."
        ) from None
    if not isinstance(found, str) or not found:
        raise TemplateError(f"The template resource's '{member}' is not a string. {_SEE}")
    return found


def _condition(given: Json, scope: Scope, name: str) -> bool:
    if given.get("condition") is None:
        return True
    try:
        found = value_of(given["condition"], scope)
    except DeferredError:
        found = None
    if not isinstance(found, bool):
        raise TemplateError(f"The condition of the template resource '{name}' is not a boolean. {_SEE}")
    return found


def _dependencies(given: Json, scope: Scope) -> Iterator[str]:
    listed = given.get("dependsOn") or []
    if not isinstance(listed, list):
        raise TemplateError(
            f"The dependsOn of the template resource '{given['name']}' is not an array. {_SEE}"
        )
    for one in listed:
        yield _text(one, scope, "dependsOn")


def _resource_id(kind: str, name: str, group: ResourceId) -> ResourceId:
    provider, *types = kind.split("/")
    names = name.split("/")
    if not types or len(types) != len(names) or not all(types + names):
        raise TemplateError(
            f"The template resource '{name}' for type '{kind}' has incorrect segment lengths. A nested "
            "resource type "
            "must have identical number of segments as its resource name. A root resource type must have "
            "segment "
            f"length one greater than its resource name. {_SEE}"
        )
    return ResourceId(group.subscription, group.group, provider, tuple(types), tuple(names))


def _check_unique(found: list[Planned]) -> None:
    seen: set[str] = set()
    for one in found:
        if one.wanted and one.key in seen:
            raise TemplateError(
                f"The resource '{one.rid.text}' is defined multiple times in a template. {_SEE}"
            )
        if one.wanted:
            seen.add(one.key)


def _with_needs(found: list[Planned]) -> list[Planned]:
    """Each resource with all it waits for: `dependsOn`, `reference()`, the turns before in a serial loop."""
    aliases = _aliases(found)
    return [_needing(one, found, aliases) for one in found]


def _aliases(found: list[Planned]) -> dict[str, list[Planned]]:
    """How `dependsOn` and `reference` may call a resource: id, type and name, name alone, or its loop."""
    names: dict[str, list[Planned]] = {}
    for one in found:
        tail = one.key.split("/providers/", 1)[1]
        name = "/".join(one.rid.names)
        for alias in {one.key, tail, f"{one.rid.type}/{name}".lower(), name.lower()}:
            names.setdefault(alias, []).append(one)
    for one in found:
        if one.loop is not None:
            loop = [other for other in found if other.loop == one.loop]
            names.setdefault(one.loop, loop)
    return names


def _needing(one: Planned, found: list[Planned], aliases: Mapping[str, list[Planned]]) -> Planned:
    needed: dict[str, ResourceId] = {}
    for word in one.given:
        others = aliases.get(word.strip("/").lower()) or aliases.get("/" + word.strip("/").lower())
        if not others:
            raise TemplateError(
                f"The resource '{word}' is not defined in the template. Please see "
                "https://aka.ms/arm-template for "
                "usage details."
            )
        needed |= {other.key: other.rid for other in others if other.wanted}
    for target in _references(one):
        needed |= {
            other.key: other.rid
            for other in aliases.get(target.lower(), [])
            if other.wanted and other.key != one.key
        }
    if one.batch:
        before = one.turn // one.batch * one.batch
        needed |= {
            other.key: other.rid
            for other in found
            if other.loop == one.loop and before - one.batch <= other.turn < before and other.wanted
        }
    return replace(one, needs=tuple(needed.values()))


def _references(one: Planned) -> Iterator[str]:
    """The targets of `reference()` in a body, as far as they are known already: implicit dependencies."""
    for node in expressions(one.body):
        for call in calls(node):
            if call.name.lower() == "reference" and call.arguments:
                try:
                    target = evaluate(call.arguments[0], one.scope)
                except (DeferredError, TemplateError):
                    continue
                if isinstance(target, str):
                    yield target


def _in_order(found: list[Planned]) -> list[Planned]:
    """Everything after what it needs; a circle is the template's error."""
    done: dict[str, Planned] = {one.key: one for one in found if not one.wanted}
    left = [one for one in found if one.wanted]
    ordered: list[Planned] = [one for one in found if not one.wanted]
    while left:
        ready = [one for one in left if all(need.key in done for need in one.needs)]
        if not ready:
            raise TemplateError(
                f"Circular dependency detected on resource: '{left[0].rid.text}'. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        ordered += ready
        done |= {one.key: one for one in ready}
        left = [one for one in left if one.key not in done]
    return ordered
