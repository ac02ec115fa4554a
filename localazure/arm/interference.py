"""Where something may come between a request and its service, or between an operation and its work.

Nothing does, unless it was put into the world (`world.interference`): the core knows only these moments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.responses import Response

    from .calls import Call
    from .ids import ResourceId
    from .operations import Job, Operation, Output
    from .routing import Match
    from .store import Document
    from .world import World


class Interference:
    """Lets everything pass; `localazure.faults` overrides it."""

    def before(self, call: Call, match: Match | None) -> Response | None:
        """A request was authenticated: an answer given here, or an error raised, keeps the service out."""
        return None

    def after(self, call: Call, response: Response) -> Response:
        """The service has answered: what is returned is sent."""
        return response

    def plant(self, call: Call | None) -> list[dict[str, Any]]:
        """A request begins an operation: what is to befall it, kept with the operation."""
        return []

    async def work(self, world: World, op: Operation, work: Job) -> Output:
        """Do an operation's work."""
        return await work(world, op)

    async def started(self, vm: Document) -> None:
        """A machine was powered on."""

    async def point(self, name: str, rid: ResourceId) -> None:
        """An operation's work on a resource has come to a named point; an error raised here ends it."""
