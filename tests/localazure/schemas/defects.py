"""Bodies with one defect each, somewhere in the tree of a published schema; the same ones for a seed."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.localazure.schemas.published import Schema, body_of, resolved

WRONG: dict[str, tuple[Any, ...]] = {
    "object": ("text", 7, True, ["a"]),
    "array": ("text", 7, False, {"a": 1}),
    "string": (7, True, ["a"], {"a": 1}, 1.5),
    "integer": ("text", True, [1], {"a": 1}, 1.5),
    "number": ("text", True, [1], {"a": 1}),
    "boolean": ("yes", 1, [True], {"a": 1}),
}
BAD_NAMES = ("-", "a%20b", "%C3%BC", "a%24", "x" * 300, "a.", "%2A", "a%22b", "%D9%A1.0.0", "a%5Cb")
KINDS = ("unknown member", "wrong type", "missing required", "bad enumeration")

OPTIONAL_HERE = {
    "galleries": "`properties` may be absent on the wire: there is nothing that one must say of a gallery",
    "restorePoints": "`properties` may be absent on the wire: every one of its members has a default",
}
"""Resource types whose `properties` only the schema of templates requires."""


@dataclass(frozen=True)
class Defect:
    """A body, and what is wrong with it where."""

    kind: str
    path: str
    body: Any


def spoil(rng: Random, kind: str, body: Any, wanted: str) -> Defect:
    """The body with one defect of the wanted kind at a random place; some types have only wrong types."""
    schema = body_of(kind)
    for _ in range(200):
        spoiler = _Spoiler(rng, schema, wanted, kind.rsplit("/", 1)[-1])
        made = spoiler.spoil(schema, copy.deepcopy(body), ())
        if spoiler.where is not None:
            return Defect(wanted, ".".join(spoiler.where), made)
    return spoil(rng, kind, body, "wrong type")


@dataclass
class _Spoiler:
    rng: Random
    schema: Schema
    wanted: str
    type: str
    where: tuple[str, ...] | None = None

    def spoil(self, node: Schema, value: Any, path: tuple[str, ...]) -> Any:
        node = resolved(self.schema, node)
        if node.get("type") == "object" and self.rng.random() < 0.75:
            return self._within(node, value if isinstance(value, dict) else {}, path)
        if node.get("type") == "array" and self.rng.random() < 0.85:
            items = list(value or [self._least(node["items"])])
            index = self.rng.randrange(len(items))
            items[index] = self.spoil(node["items"], items[index], (*path, str(index)))
            return items
        return self._here(node, value, path)

    def _within(self, node: Schema, value: dict[str, Any], path: tuple[str, ...]) -> Any:
        members = node.get("properties") or {}
        if not members:
            return self._here(node, value, path)
        name = self.rng.choice(sorted(members))
        child = value.get(name, self._least(members[name]))
        return value | {name: self.spoil(members[name], child, (*path, name))}

    def _here(self, node: Schema, value: Any, path: tuple[str, ...]) -> Any:
        match self.wanted:
            case "unknown member" if node.get("properties"):
                name = f"{self.rng.choice(sorted(node['properties']))}{self.rng.choice(('s', 'X', '_'))}"
                self.where = (*path, name)
                return (value or {}) | {name: self.rng.choice(("x", 1, {}, []))}
            case "missing required" if self._required(node, path):
                name = self.rng.choice(self._required(node, path))
                self.where = (*path, name)
                return {key: one for key, one in (value or {}).items() if key != name}
            case "bad enumeration" if "enum" in node:
                self.where = path
                return f"{self.rng.choice(node['enum'])}{self.rng.randrange(100)}"
            case "wrong type" if node.get("type") in WRONG:
                self.where = path
                return self.rng.choice(WRONG[node["type"]])
        return value

    def _required(self, node: Schema, path: tuple[str, ...]) -> list[str]:
        return [] if not path and self.type in OPTIONAL_HERE else sorted(node.get("required", []))

    def _least(self, node: Schema) -> Any:
        """The smallest value that the schema takes."""
        node = resolved(self.schema, node)
        if "enum" in node:
            return node["enum"][0]
        match node.get("type"):
            case "object":
                members = node.get("properties") or {}
                return {name: self._least(members[name]) for name in node.get("required", [])}
            case "array":
                return [self._least(node["items"])]
            case "integer" | "number":
                return 1
            case "boolean":
                return True
        return "x"
