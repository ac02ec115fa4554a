"""The part of a resource that the resource manager itself reads: members, location, tags, names, etags."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from typing import Any

from .calls import Call
from .errors import ArmError, invalid_content, precondition_failed
from .shapes.check import check_body
from .spelling import without_nulls
from .store import Document

REGIONS: dict[str, tuple[str, str]] = {
    "westeurope": ("West Europe", "Europe"),
    "northeurope": ("North Europe", "Europe"),
    "germanywestcentral": ("Germany West Central", "Europe"),
    "uksouth": ("UK South", "UK"),
    "eastus": ("East US", "US"),
    "eastus2": ("East US 2", "US"),
    "westus2": ("West US 2", "US"),
    "southeastasia": ("Southeast Asia", "Asia Pacific"),
}
"""The locations of this Azure: a handful of real ones."""

MEMBERS = frozenset(
    (
        *("id", "name", "type", "location", "tags", "properties", "kind", "sku", "plan", "identity", "zones"),
        *("managedBy", "managedByExtended", "extendedLocation", "placement", "scale", "etag", "systemData"),
    )
)
"""The members ARM knows on a resource; any other is refused before the service sees it (documented code)."""

_TAG_RESERVED = re.compile(r"[<>%&\\?/\x00-\x1f]")


def normal_location(text: str) -> str:
    """`West Europe` and `westeurope` are the same place."""
    return text.replace(" ", "").lower()


def read_resource(call: Call, *, located: bool = True, members: Collection[str] = MEMBERS) -> Document:
    """The body of a PUT: known members only, at any depth, a location, valid tags.

    Returns `location` in its normal form; `tags` and `properties` are always present. Name, id and type are
    not taken from the body.
    """
    body = dict(call.json)
    for member in body:
        if member not in members:
            raise invalid_content(
                f"Could not find member '{member}' on object of type 'ResourceDefinition'. Path '{member}'"
            )
    for member in ("properties", "tags", "sku", "identity", "plan"):
        if body.get(member) is None:
            body.pop(member, None)
        elif not isinstance(body[member], dict):
            raise invalid_content(f"Error converting value to type 'JObject'. Path '{member}'")
    body["properties"] = without_nulls(body.get("properties", {}))
    body["tags"] = read_tags(body.get("tags"))
    if located:
        body["location"] = _location(call, body.get("location"))
    check_body(call.rid.type, body)
    return body


def _location(call: Call, given: Any) -> str:
    existing = call.world.store.get(call.rid)
    if given is None or given == "":
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    if not isinstance(given, str) or normal_location(given) not in REGIONS:
        regions = ",".join(REGIONS)
        raise ArmError(
            400,
            "LocationNotAvailableForResourceType",
            f"The provided location '{given}' is not available for resource type '{call.rid.type}'. "
            f"List of available regions for the resource type is '{regions}'.",
        )
    location = normal_location(given)
    if existing is not None and existing["location"] != location:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{call.rid.name}' already exists in location '{existing['location']}' in "
            f"resource group '{call.rid.group}'. A resource with the same name cannot be created in location "
            f"'{location}'. Please select a new resource name.",
        )
    return location


def read_tags(given: Any) -> dict[str, str]:
    """Tags by ARM's documented limits: 50, names of 512, values of 256, some characters (codes assumed)."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise invalid_content("Error converting value to type 'JObject'. Path 'tags'")
    if len(given) > 50:
        raise ArmError(
            400,
            "TooManyTags",
            f"Too many tags specified. Requested tag count - '{len(given)}'. "
            "Maximum number of tags allowed - '50'.",
        )
    if len({name.lower() for name in given}) != len(given):
        raise invalid_content("Tag names are case-insensitive and must not repeat. Path 'tags'")
    for name, value in given.items():
        _check_tag(name, value)
    return dict(given)


def _check_tag(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise invalid_content(f"Unexpected value encountered; a string is expected. Path 'tags.{name}'")
    if not name or len(name) > 512:
        raise ArmError(400, "InvalidTagName", "A tag name must have 1 to 512 characters.")
    if _TAG_RESERVED.search(name):
        raise ArmError(
            400,
            "InvalidTagNameCharacters",
            f"The tag names '{name}' have reserved characters '<,>,%,&,\\,?,/' or control characters.",
        )
    if len(value) > 256:
        raise ArmError(
            400,
            "InvalidTagValueLength",
            f"Tag value too large. Following tag value '{value}' exceeded the maximum length. "
            f"Maximum allowed length for tag value - '256' characters.",
        )


def check_name(call: Call, pattern: str, longest: int, *, code: str = "InvalidResourceName") -> None:
    """The name rule of a type; `pattern` is matched in full (text as network's; the others' is assumed)."""
    name = call.rid.name
    if len(name) > longest or re.fullmatch(pattern, name, re.ASCII) is None:
        raise ArmError(
            400,
            code,
            f"Resource name {name} is invalid. The name can be up to {longest} characters long. It must "
            "begin with a word character, and it must end with a word character or with '_'. The name may "
            "contain word characters or '.', '-', '_'.",
        )


NAME = r"\w(?:[\w.-]*\w)?"
"""The usual rule: word characters, dots and dashes, neither first nor last."""


def new_etag() -> str:
    """A weak etag as the network service writes it."""
    return f'W/"{uuid.uuid4()}"'


def check_etag(call: Call, existing: Document | None) -> None:
    """If-Match and If-None-Match against the document's etag."""
    wanted, unwanted = call.headers.get("if-match"), call.headers.get("if-none-match")
    etag = existing.get("etag") if existing else None
    if wanted and (existing is None or (wanted != "*" and etag is not None and wanted != etag)):
        raise precondition_failed(call.rid)
    if unwanted and existing is not None and unwanted in ("*", etag):
        raise precondition_failed(call.rid)


def new_document(call: Call, body: Document, **more: Any) -> Document:
    """A resource's document: the envelope of the body under the id of the call. `more` wins."""
    rid = call.rid
    doc: Document = {"name": rid.name, "id": rid.text, "type": rid.type}
    doc |= {
        key: value for key, value in body.items() if key not in ("id", "name", "type", "etag", "systemData")
    }
    return doc | more
