"""The published schemas of PUT bodies, read from outside of the checkout.

They describe resources in templates: `name`, `type` and `apiVersion` are in the address of a request, and a
member may be an expression, which is none on the wire. Their api-versions are not those that the factory
pins, so they are looked up by resource type.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

FOLDER = Path(__file__).parents[4] / "shared" / "schemas"
ABSENT = f"no published schemas at {FOLDER}: they stay outside of the checkout"
NOT_IN_BODIES = frozenset(["name", "type", "apiVersion", "resources"])
Schema = dict[str, Any]


@cache
def _files() -> list[Schema]:
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


@cache
def body_of(kind: str) -> Schema:
    """The schema of a type's body, complete in itself: no expressions, no members but those it names."""
    wanted = kind.lower()
    for file in _files():
        for found in file["resourceDefinitions"].values():
            if found["properties"]["type"]["enum"][0].lower() == wanted:
                return _strict(found, file["definitions"])
    raise LookupError(f"no schema of {kind}")


def _strict(found: Schema, definitions: Schema) -> Schema:
    schema = copy.deepcopy(found)
    for name in NOT_IN_BODIES:
        schema["properties"].pop(name, None)
    schema.pop("description", None)
    schema["required"] = [name for name in schema.get("required", []) if name not in NOT_IN_BODIES]
    if not schema["required"]:
        del schema["required"]
    closed: Schema = _closed(schema)
    return closed | {"definitions": {name: _closed(one) for name, one in definitions.items()}}


def _closed(node: Any) -> Any:
    """The same with expressions gone and every object closed."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    if "oneOf" in node:
        kept = [one for one in node["oneOf"] if not str(one.get("$ref", "")).startswith("https:")]
        if len(kept) == 1:
            return _closed(kept[0])
    shown = {
        name: _closed(value) for name, value in node.items() if name not in ("description", "properties")
    }
    if "properties" in node:
        shown["properties"] = {name: _closed(value) for name, value in node["properties"].items()}
    if "properties" in shown and "additionalProperties" not in shown:
        shown["additionalProperties"] = False
    return shown


def resolved(schema: Schema, node: Schema) -> Schema:
    """A node, or what it refers to."""
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def complaints(kind: str, body: Any) -> list[tuple[str, str]]:
    """What a schema has against a body: where, and why."""
    found = Draft4Validator(body_of(kind)).iter_errors(body)
    return [(".".join(map(str, one.absolute_path)), one.message) for one in found]
