"""A lab with model guests, by the names that the tests of namespace guests know."""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from localazure.guests.model.host import ModelHost
from localazure.guests.namespace.host import NamespaceHost
from tests.localazure.guests.conftest import Guest, Lab

_network = random.randint(121, 250)  # several test processes share this computer's loopback addresses
_addresses = (f"127.{_network}.{n // 250}.{n % 250 + 4}" for n in itertools.count())


class ModelLab(Lab):
    """A lab whose machines have addresses that no other kind of guest has."""

    async def boot(self, os_disk: str | None = None, **more: Any) -> Guest:
        more.setdefault("address", next(_addresses))
        return await super().boot(os_disk, **more)


def open_lab(state: Path, keys: Path) -> Lab:
    """A lab asks of its host only what every host has."""
    return ModelLab(cast(NamespaceHost, ModelHost(state)), state, keys)


@pytest.fixture(scope="session")
def _image() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as state:
        host = ModelHost(Path(state))
        assert host.missing() == []
        asyncio.run(host.prepare(lambda what, share: None))
    yield


@pytest.fixture
async def lab(_image: None, tmp_path: Path) -> AsyncIterator[Lab]:
    lab = open_lab(tmp_path / "state", tmp_path)
    try:
        yield lab
    finally:
        await lab.host.shutdown()


@asynccontextmanager
async def shared_model(directory: Path) -> AsyncIterator[Guest]:
    """One machine for several tests of a module."""
    lab = open_lab(directory / "state", directory)
    try:
        yield await lab.boot()
    finally:
        await lab.host.shutdown()
