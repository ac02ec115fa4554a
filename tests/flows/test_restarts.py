"""The local Azure dies three times under a run and is started again each time: the run does not notice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from factory.run import fresh_run_id
from golden import local_azure
from tests.cloud import Cloud, running_cloud
from tests.flows.test_rebuild import rebuild, recipe, version_of

pytestmark = pytest.mark.prefect

DEATHS = (
    "PUT Microsoft.Compute/virtualMachines",
    "POST Microsoft.Compute/virtualMachines/generalize",
    "PUT Microsoft.Compute/galleries/images/versions",
)


class Mortal:
    """A local Azure that is started again whenever it is gone; its machines live apart from it."""

    def __init__(self, state: Path, cloud: Cloud) -> None:
        self.cloud = cloud
        self.lives = [cloud.local]
        self._state = state
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """As long as this lasts."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            if local_azure.find(self._state) is None:
                self.lives.append(local_azure.start(self._state, guest="model"))


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    """Simulated guests."""
    with running_cloud(tmp_path / "azure", guest="model") as cloud:
        mortal = Mortal(tmp_path / "azure", cloud)
        with mortal.watched():
            yield mortal
    for life in mortal.lives:
        assert life.child is not None
        life.child.wait(10)


def test_a_run_outlives_an_azure_that_dies_and_comes_back(mortal: Mortal, prefect: None) -> None:
    cloud = mortal.cloud
    for operation in DEATHS:
        cloud.local.ask("/_local/faults", method="POST", body={"operation": operation, "kind": "crash"})
    run_id = fresh_run_id()
    rebuild(recipe(cloud), run_id)
    assert len(mortal.lives) == 1 + len(DEATHS)
    version = version_of(cloud, run_id)
    assert version is not None
    assert not version.exclude_from_latest
    assert all("backup" in name or name == version.name for name in cloud.left_of(run_id))
