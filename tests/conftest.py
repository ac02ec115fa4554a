"""What several folders of tests share: one local Azure with real machines, one Prefect server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import Cloud, environment, running_cloud
from tests.role import calls_outside_the_role


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local Azure with namespace guests and the world of a user: a VM with a data disk, a gallery.

    When all tests are through, no call of any run may have been outside of the role that users give it.
    """
    state: Path = tmp_path_factory.mktemp("cloud")
    with running_cloud(state) as running:
        yield running
    assert calls_outside_the_role(state / "requests.jsonl", ["run/"]) == []


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """A Prefect server of the session's own."""
    from prefect.testing.utilities import prefect_test_harness

    quiet = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    with environment(quiet), prefect_test_harness(server_startup_timeout=120):
        yield
