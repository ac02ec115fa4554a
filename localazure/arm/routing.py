"""Routes: a verb and a path pattern, found because a service's `routes` module was imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.responses import Response

from .calls import Call

Endpoint = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One verb on one path. `{name}` takes one segment, `{name*}` in front takes any number (a scope)."""

    method: str
    pattern: str
    endpoint: Endpoint
    public: bool = False
    """Without a token and without an api-version: token service, metadata, our own admin surface."""
    plain: bool = False
    """On the plain-HTTP port of the managed identity, and there alone."""
    bare: bool = False
    """The group in the path need not exist (operations on the group itself, and scopes)."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The pattern's parts."""
        return tuple(self.pattern.strip("/").split("/"))

    @property
    def label(self) -> str:
        """How logs call it: the function's name."""
        service = self.endpoint.__module__.removeprefix("localazure.").split(".")[0]
        return f"{service}:{self.endpoint.__name__}"


@dataclass(frozen=True)
class Match:
    """A route and what its parameters took."""

    route: Route
    path: dict[str, str]
    canonical: str


_ROUTES: list[Route] = []


def route(
    method: str, pattern: str, *, public: bool = False, plain: bool = False, bare: bool = False
) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint. Literals match without case; a literal wins over a parameter."""

    def register(function: Endpoint) -> Endpoint:
        _ROUTES.append(Route(method, pattern, function, public, plain, bare))
        return function

    return register


class Router:
    """All registered routes, the most literal first."""

    def __init__(self, routes: list[Route] | None = None) -> None:
        self._routes = sorted(
            _ROUTES if routes is None else routes,
            key=lambda r: (
                "*" in r.pattern,
                -sum(not s.startswith("{") for s in r.segments),
            ),
        )

    @property
    def routes(self) -> tuple[Route, ...]:
        """All of them, in the order they are tried."""
        return tuple(self._routes)

    def match(self, method: str, path: str, *, plain: bool = False) -> Match | None:
        """The route of a request, or None."""
        parts = tuple(unquote(part) for part in path.strip("/").split("/"))
        for candidate in self._routes:
            if (candidate.method, candidate.plain) != (method, plain):
                continue
            if (found := _fit(candidate, parts)) is not None:
                return found
        return None


def _fit(candidate: Route, parts: tuple[str, ...]) -> Match | None:
    segments = candidate.segments
    taken: dict[str, str] = {}
    if segments[0].endswith("*}"):
        spare = len(parts) - len(segments) + 1
        if spare < 1:
            return None
        taken[segments[0][1:-2]] = "/" + "/".join(parts[:spare])
        segments, parts = segments[1:], parts[spare:]
    if len(segments) != len(parts):
        return None
    shown = [next(iter(taken.values()))[1:]] if taken else []
    for segment, part in zip(segments, parts, strict=True):
        if segment.startswith("{"):
            if not part:
                return None
            taken[segment[1:-1]] = part
            shown.append(part)
        elif segment.lower() == part.lower():
            shown.append(segment)
        else:
            return None
    return Match(candidate, taken, "/" + "/".join(shown))
