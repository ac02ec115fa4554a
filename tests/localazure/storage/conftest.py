"""Storage accounts on a server with machines of the memory host; Azurite is installed once, into a cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from localazure.storage import install
from tests.localazure.conftest import LocalCloud, Wire, wire_to
from tests.localazure.machines import Yard
from tests.localazure.storage.shelves import Shelf
from tests.localazure.yards import MEMORY, open_yard


@pytest.fixture(scope="session")
def azurite() -> Path:
    try:
        return install.install()
    except install.NotInstalledError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def blob_cloud(azurite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("blobs") / "state", guest=MEMORY).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def blob_wire(blob_cloud: LocalCloud) -> Iterator[Wire]:
    wire = wire_to(blob_cloud)
    with wire.session:
        yield wire


@pytest.fixture(scope="session")
def shelf(blob_cloud: LocalCloud, blob_wire: Wire) -> Shelf:
    """One account for all tests that only need one; take containers of your own."""
    yard = open_yard(blob_cloud, blob_wire)
    return Shelf.create(yard, f"shelf{uuid4().hex[:8]}")


@pytest.fixture
def yard(blob_cloud: LocalCloud, blob_wire: Wire) -> Iterator[Yard]:
    opened = open_yard(blob_cloud, blob_wire)
    yield opened
    opened.wire("DELETE", opened.group)


@pytest.fixture
def own_shelf(azurite: Path, own_cloud: LocalCloud) -> Iterator[Shelf]:
    """An account on a server of the test's own."""
    own_cloud.guest = MEMORY
    yard = open_yard(own_cloud.start())
    with yard.wire.session:
        yield Shelf.create(yard, "ownshelf")


def until(condition: object, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
