"""A local Azure for tests: started as the program that it is, reached by the environment like any other."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from factory.azure import groups
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.plan import TAG_RUN
from factory.rehearsal import DEBIAN, Kind, World, make_world
from golden import local_azure

T = TypeVar("T")


@dataclass
class Cloud:
    """A running local Azure with a small world of a user in it."""

    local: local_azure.LocalAzure
    world: World

    def ask(self, question: Callable[[Azure], Awaitable[T]]) -> T:
        """Ask Azure something with a client of its own, from outside of any event loop."""

        async def go() -> T:
            async with Azure(Connection.from_environment(os.environ)) as azure:
                return await question(azure)

        return asyncio.run(go())

    def left_of(self, run_id: str) -> list[str]:
        """The names of all resource groups and resources that carry a run's tag."""

        async def find(azure: Azure) -> list[str]:
            found = await groups.list_groups_by_tag(azure, TAG_RUN, run_id)
            resources = await groups.list_resources_by_tag(azure, TAG_RUN, run_id)
            return sorted([group.name for group in found] + [resource.name for resource in resources])

        return self.ask(find)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """The process's environment with these values, and as it was afterwards."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def running_cloud(
    state: Path, guest: str = "namespace", kind: Kind = DEBIAN, *, network: str | None = None
) -> Iterator[Cloud]:
    """Start it, make the world (on a network that is kept free for it), and stop it with everything in it."""
    local_azure.prepare(state, guest, lambda _what, _done: None)
    local = local_azure.start(state, guest=guest)
    try:
        with environment({**local.environment(), "GOLDEN_RUNS": str(state / "runs")}):
            yield Cloud(local, asyncio.run(_world(kind, network or local_azure.free_network())))
    finally:
        local_azure.stop(local)


async def _world(kind: Kind, network: str) -> World:
    async with Azure(Connection.from_environment(os.environ)) as azure:
        return await make_world(azure, kind=kind, network=network)
