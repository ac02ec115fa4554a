"""One request as a route sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .errors import invalid_content
from .ids import ResourceId

if TYPE_CHECKING:
    from .world import World


def _refuse_constant(text: str) -> Any:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(f"Unexpected value {text}")


@dataclass
class Call:
    """A request that was authenticated, versioned and matched to a route."""

    world: World
    method: str
    url_path: str
    """The path as the client wrote it."""
    canonical: str
    """The path with the route's own casing for literals: `resourcegroups` becomes `resourceGroups`."""
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Header names in lower case."""
    body: bytes
    base: str
    """`https://host:port` by which the client called."""
    api_version: str = ""
    caller: Mapping[str, Any] = field(default_factory=dict)
    """The claims of the caller's token."""
    faults: list[Any] = field(default_factory=list)
    """What befalls this call (see `interference`)."""

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as an object, or 400 InvalidRequestContent."""
        if not self.body.strip():
            raise invalid_content("The request body is empty; an object is expected")
        try:
            found = json.loads(self.body, parse_constant=_refuse_constant)
            json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
        except RecursionError:
            raise invalid_content("The request body is nested too deeply") from None
        except ValueError as error:
            raise invalid_content(str(error)) from None
        if not isinstance(found, dict):
            raise invalid_content("The request body is not an object")
        return found

    @cached_property
    def rid(self) -> ResourceId:
        """The resource the path names; a trailing action or collection is not part of it.

        When the resource (or its group) exists, its own casing wins over the caller's.
        """
        parts = self.canonical.rstrip("/").split("/")
        while len(parts) > 2:
            try:
                return self.world.settled(ResourceId.parse("/".join(parts)))
            except ValueError:
                parts.pop()
        raise ValueError(f"the path {self.canonical} names no resource")


current_call: ContextVar[Call] = ContextVar("current_call")
