"""What all kinds of network resources share: references, states, and the pieces a kind brings along."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from localazure.arm.calls import Call
from localazure.arm.envelope import new_etag
from localazure.arm.ids import ResourceId
from localazure.arm.store import Document
from localazure.arm.wire import status_url
from localazure.arm.world import World

from . import errors

PROVIDER = "Microsoft.Network"
Properties = dict[str, Any]
Read = Callable[[Call, Document, Document | None], Properties]


@dataclass(frozen=True)
class Kind:
    """One kind of top-level resource."""

    collection: str
    time: str
    """Its figure in the time profile."""
    read: Read
    """The stored properties of a PUT body (second) over an existing document (third), or a refusal."""
    show: Callable[[World, Document], Document]
    """The document with what it derives from others."""
    check_unused: Callable[[World, Document], None]
    """Refuses while something needs it."""
    envelope: tuple[str, ...] = ()
    """Members of the body kept beside `properties`."""
    first_state: str = "Updating"
    """The state in the first answer; an interface says Succeeded at once (recorded)."""
    after_put: Callable[[Call, Document, Document], None] | None = None
    """Writes what belongs to it elsewhere: subnets. Gets the body and the new document."""

    @property
    def type(self) -> str:
        """The full resource type."""
        return f"{PROVIDER}/{self.collection}"


def type_of(collection: str) -> str:
    """The full type of a collection."""
    return f"{PROVIDER}/{collection}"


def read_reference(
    world: World, given: Any, kind: str, *, by: ResourceId, path: str, location: str
) -> Document:
    """The document that `{"id": …}` names: of the right type, here, in the same region and ready."""
    text = given.get("id") if isinstance(given, dict) else None
    try:
        rid = ResourceId.parse(str(text))
    except ValueError:
        raise errors.malformed_reference(text, f"properties.{path}.id") from None
    doc = world.store.get(rid)
    if doc is None or doc["type"].lower() != kind.lower() or region_of(world, doc) != location:
        raise errors.reference_not_found(rid.text, by.text)
    state = doc["properties"].get("provisioningState")
    if state != "Succeeded":
        raise errors.not_provisioned(doc["id"], by.text, str(state))
    return doc


def region_of(world: World, doc: Document) -> str | None:
    """The location of a resource, or of the resource it is nested in."""
    rid: ResourceId | None = ResourceId.parse(doc["id"])
    while rid is not None and rid.provider is not None:
        found = world.store.get(rid)
        if found is not None and "location" in found:
            location: str = found["location"]
            return location
        rid = rid.parent
    return None


def check_idle(world: World, *subjects: ResourceId) -> None:
    """One write at a time on a resource (and on what it is nested in)."""
    for subject in subjects:
        if (op := world.operations.busy(subject)) is not None:
            raise errors.another_operation(status_url(op))


def touch(world: World, doc: Document, state: str) -> None:
    """Store a document in a new state, under a new etag."""
    doc["properties"]["provisioningState"] = state
    doc["etag"] = new_etag()
    world.store.put(doc)


def same(one: str | None, other: str | None) -> bool:
    """Whether two ids in text name the same thing."""
    return one is not None and other is not None and one.lower() == other.lower()


def reference_of(properties: Properties, member: str) -> str | None:
    """The id in `{"member": {"id": …}}`."""
    given = properties.get(member)
    return given.get("id") if isinstance(given, dict) else None


def ids(found: Iterable[str]) -> list[dict[str, str]]:
    """Ids as back references show them."""
    return [{"id": one} for one in found]
