"""A Prefect server with a worker, for the tests that need the real programs."""

from collections.abc import Iterator

import pytest

from tests.cloud import Cloud
from tests.flows.prefect_server import PrefectServer


@pytest.fixture(scope="module")
def deployed(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A Prefect server with the product's deployments, and a worker in the environment of the cloud."""
    server = PrefectServer(tmp_path_factory.mktemp("prefect") / "home")
    try:
        server.start()
        server.run("deployments/deploy.sh", AZURE_SUBSCRIPTION_ID=cloud.local.server["subscription"])
        server.start_worker()
        yield server
    finally:
        killed = server.stop()
    assert killed == []
