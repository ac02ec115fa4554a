"""Requests that the server makes of itself: the same routes, gates and refusals as a client's, without HTTP.

A template deployment is a client of every service; it must be refused what a client is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from localazure.arm import gate
from localazure.arm.calls import Call, current_call
from localazure.arm.errors import ArmError
from localazure.arm.operations import Operation
from localazure.arm.routing import Match, Router
from localazure.arm.world import World
from localazure.resources.catalogue import unrouted


class _Routes:
    """The router of inner requests, made once for a world."""

    def __init__(self, _world: World) -> None:
        self.router = Router()


@dataclass(frozen=True)
class Answer:
    """What a route said."""

    status: int
    body: Any
    operation: Operation | None
    """What it began and what is not done yet."""


def find_route(world: World, method: str, path: str, api_version: str) -> Match:
    """The route, or the refusal that a client would get (501 for what is not implemented)."""
    match = world.part(_Routes).router.match(method, path)
    if match is None:
        raise unrouted(method, path, api_version)[0]
    return match


async def perform(
    world: World, method: str, path: str, *, body: Any = None, api_version: str, base: str
) -> Answer:
    """Make a request; ArmError when it is refused."""
    version = gate.read_api_version(api_version)
    match = find_route(world, method, path, version)
    call = Call(
        world=world,
        method=method,
        url_path=path,
        canonical=match.canonical,
        path=match.path,
        query={"api-version": version},
        headers={},
        body=b"" if body is None else json.dumps(body).encode(),
        base=base,
        api_version=version,
    )
    gate.check_scope(call, match)
    token = current_call.set(call)
    try:
        response = await match.route.endpoint(call)
    except ArmError as error:
        if error.status == 501:
            world.count_missing(f"{match.route.label}: {error.message}")
        raise
    finally:
        current_call.reset(token)
    shown = json.loads(bytes(response.body)) if response.body else None
    url = response.headers.get("azure-asyncoperation", "")
    operation = world.operations.get(url.partition("?")[0].rpartition("/")[2]) if url else None
    return Answer(response.status_code, shown, operation)
