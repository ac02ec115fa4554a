"""Small readers for what the SDK's models hold, shared by the verbs.

Bodies are written as the REST API documents them (camelCase mappings given to the SDK's model) and read
from the model's own mapping, so that code, specification and recordings show the same words.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]
"""A piece of a REST body."""


def dig(body: Any, *path: str) -> Any:
    """Return what lies at the path, `None` where a step is missing or null."""
    for step in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(step)
    return body


def plain(model: Any) -> dict[str, Any]:
    """Return a model as the REST JSON that it came as: camelCase, read-only fields included."""
    return dict(model.as_dict())


def ids(entries: Iterable[Any] | None) -> tuple[str, ...]:
    """Return the ids of a list of `{"id": …}`."""
    return tuple(str(dig(entry, "id")) for entry in entries or () if dig(entry, "id"))


def read_status(statuses: Iterable[Any] | None, prefix: str) -> str | None:
    """Return what follows the prefix in the one status code that has it: `PowerState/` -> `running`.

    By prefix, never by position: Azure adds and reorders statuses.
    """
    for status in statuses or ():
        code = str(dig(status, "code") or "")
        if code.lower().startswith(prefix.lower()):
            return code[len(prefix) :]
    return None


def read_time(text: Any) -> datetime | None:
    """Read an ISO time as Azure writes it: seven digits of a second, and a Z."""
    if isinstance(text, datetime):
        return text
    return datetime.fromisoformat(str(text)) if text else None
