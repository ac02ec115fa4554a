"""What a request is called in a fault: its verb and the type it is about, read off its route."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localazure.arm.routing import Match

BLOB = "blob"
"""What is read or written by an access signature, without a token."""


def operation_of(method: str, path: str, match: Match | None) -> str:
    """`PUT Microsoft.Compute/galleries/images/versions`; an action's name is the end of its type.

    What belongs to no provider is of Microsoft.Resources: `GET Microsoft.Resources/resourceGroups`.
    """
    if match is not None and match.route.public:
        return f"{method} {BLOB}"
    parts = _shown(path, match)
    if "providers" in parts:
        last = len(parts) - 1 - parts[::-1].index("providers")
        kind = "/".join(part for part in parts[last + 1 :] if part)
    else:
        named = [part for part in parts if part and part.lower() != "subscriptions"]
        kind = "/".join(["Microsoft.Resources", *(named or ["subscriptions"])])
    return f"{method} {kind}"


def _shown(path: str, match: Match | None) -> list[str]:
    """The path's parts with the names in it blanked; a provider that is a parameter is filled in."""
    if match is None:  # nothing answers here: by ARM's rule types and names alternate
        parts = path.strip("/").split("/")
        last = max((i for i, part in enumerate(parts) if part.lower() == "providers"), default=-1)
        return ["providers", *parts[last + 1 : last + 2], *parts[last + 2 :: 2]]
    segments = list(match.route.segments)
    return [
        match.path[segment[1:-1]] if segment == "{provider}" else "" if segment.startswith("{") else segment
        for segment in segments
    ]
