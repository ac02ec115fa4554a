"""Tags of a scope as a resource of their own (`Microsoft.Resources/tags/default`)."""

from __future__ import annotations

from starlette.responses import Response

from localazure.arm import gate
from localazure.arm.calls import Call
from localazure.arm.envelope import read_tags
from localazure.arm.errors import ArmError, invalid_content
from localazure.arm.routing import route
from localazure.arm.store import Document
from localazure.arm.wire import reply

from .scopes import scoped

_TAGS = "/{scope*}/providers/Microsoft.Resources/tags/default"


def _shown(doc: Document) -> Response:
    return reply(
        {
            "id": f"{doc['id']}/providers/Microsoft.Resources/tags/default",
            "name": "default",
            "type": "Microsoft.Resources/tags",
            "properties": {"tags": doc.get("tags") or {}},
        }
    )


def _given(call: Call) -> dict[str, str]:
    properties = call.json.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("tags"), dict):
        raise invalid_content("Required property 'properties.tags' not found in JSON. Path ''")
    return read_tags(properties["tags"])


def _save(call: Call, doc: Document, tags: dict[str, str]) -> Response:
    gate.check_unlocked(call.world, scoped(call)[0], "write")
    doc["tags"] = read_tags(tags)
    call.world.store.put(doc)
    return _shown(doc)


@route("GET", _TAGS)
async def get_tags(call: Call) -> Response:
    """The tags of a group or a resource."""
    return _shown(scoped(call)[1])


@route("PUT", _TAGS)
async def put_tags(call: Call) -> Response:
    """Replace all tags."""
    return _save(call, scoped(call)[1], _given(call))


@route("PATCH", _TAGS)
async def patch_tags(call: Call) -> Response:
    """Merge into the tags, replace them, or delete the given ones; names compare without case."""
    doc, given = scoped(call)[1], _given(call)
    old: dict[str, str] = doc.get("tags") or {}
    low = {name.lower() for name in given}
    verb = str(call.json.get("operation", "")).lower()
    if verb == "replace":
        return _save(call, doc, given)
    if verb == "merge":
        return _save(call, doc, {name: old[name] for name in old if name.lower() not in low} | given)
    if verb == "delete":
        match = {name.lower(): value for name, value in given.items()}
        return _save(call, doc, {n: v for n, v in old.items() if match.get(n.lower()) != v})
    raise ArmError(
        400, "InvalidTagPatchOperation", f"The tag patch operation '{call.json.get('operation')}' is invalid."
    )


@route("DELETE", _TAGS)
async def delete_tags(call: Call) -> Response:
    """Remove all tags."""
    _save(call, scoped(call)[1], {})
    return reply(None, 200)
