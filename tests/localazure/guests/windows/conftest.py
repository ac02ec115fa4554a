"""Modelled Windows machines whose model seconds take two milliseconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localazure.guests.windows.host import WindowsHost
from tests.localazure.guests.windows.rooms import Guest, Room


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    host = WindowsHost(tmp_path / "state")
    host.pace(0.002)
    try:
        yield Room(host)
    finally:
        await host.shutdown()


@pytest.fixture
async def guest(room: Room) -> Guest:
    """A provisioned machine, its administrator at work."""
    return await (await room.boot()).ready()
