"""The `$filter` of lists of resources and groups: equalities joined by `and`, as ARM documents them."""

from __future__ import annotations

import re
from collections.abc import Callable

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document

_TERM = re.compile(r"\s*(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'\s*", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?=\w+\s+(?:eq|ne)\s)", re.IGNORECASE)
Wanted = Callable[[Document], bool]


def read_filter(text: str | None, fields: set[str]) -> Wanted:
    """A predicate; 400 for what cannot be read or is none of the fields (names in lower case)."""
    terms = _terms(text or "", fields)
    tag_name = next((value for name, _, value in terms if name == "tagname"), None)

    def wanted(doc: Document) -> bool:
        return all((_holds(doc, name, value, tag_name)) == (verb == "eq") for name, verb, value in terms)

    return wanted


def _terms(text: str, fields: set[str]) -> list[tuple[str, str, str]]:
    terms = []
    parts = _AND.split(text.strip()) if text.strip() else []
    for part in parts:
        match = _TERM.fullmatch(part)
        if match is None or match[1].lower() not in fields:
            raise ArmError(
                400,
                "InvalidFilterInQueryString",
                f"Invalid $filter '{text}' specified in the query string.",
            )
        terms.append((match[1].lower(), match[2].lower(), match[3].replace("''", "'")))
    names = {name for name, _, _ in terms}
    if "tagvalue" in names and "tagname" not in names:
        raise ArmError(
            400,
            "InvalidFilterInQueryString",
            f"Invalid $filter '{text}' specified in the query string.",
        )
    return terms


def _holds(doc: Document, name: str, value: str, tag_name: str | None) -> bool:
    tags = {key.lower(): text for key, text in (doc.get("tags") or {}).items()}
    if name == "tagname":
        return value.lower() in tags
    if name == "tagvalue":
        return tag_name is not None and tags.get(tag_name.lower()) == value
    if name == "resourcegroup":
        return (ResourceId.parse(doc["id"]).group or "").lower() == value.lower()
    field = {"resourcetype": "type"}.get(name, name)
    return str(doc.get(field, "")).lower() == value.lower()
