"""What the tests on QEMU machines share."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localazure.guests.qemu import marketplace
from localazure.guests.qemu.host import QemuHost
from tests.localazure.guests.qemu import rack as racks


@pytest.fixture(scope="session")
def machines_run() -> None:
    """Skip where this computer has no QEMU; build the image that most tests boot, unless the cache has it."""
    with tempfile.TemporaryDirectory() as state:
        host = QemuHost(Path(state))
        lacking = host.missing()
        if lacking:
            pytest.skip(f"no QEMU guests here: {lacking}")
        asyncio.run(host.prepare(lambda what, share: None))


@pytest.fixture
async def rack(machines_run: None, tmp_path: Path) -> AsyncIterator[racks.Rack]:
    async with racks.rack(tmp_path / "state") as rack:
        yield rack


FLAVOURS = [marketplace.FLAVOURS[0], pytest.param(marketplace.FLAVOURS[1], marks=pytest.mark.real)]
