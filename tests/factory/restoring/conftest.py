"""A local Azure whose machines are dictionaries, a resource group in it, and the factory as its client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.local_azure import LocalAzure
from tests.cloud import environment
from tests.localazure.conftest import LocalCloud, wire_to
from tests.localazure.machines import Yard
from tests.localazure.yards import MEMORY, open_yard


@pytest.fixture(scope="session")
def memory_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    running = LocalCloud(tmp_path_factory.mktemp("restoring") / "state", guest=MEMORY).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def yard(memory_cloud: LocalCloud, tmp_path: Path) -> Iterator[Yard]:
    """A resource group of the test's own, with the environment of the cloud and a place for run records."""
    opened = open_yard(memory_cloud, wire_to(memory_cloud))
    local = LocalAzure(state=memory_cloud.state, server=memory_cloud.facts)
    with environment({**local.environment(), "GOLDEN_RUNS": str(tmp_path / "runs")}), opened.wire.session:
        yield opened
        opened.wire("DELETE", opened.group)
