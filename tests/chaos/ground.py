"""A place to strike runs in: a local Azure, a user's world, a Prefect server, all of one's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.azure import machines
from factory.recipe import parse_recipe
from golden.prefect_server import prefect_server
from tests.chaos.cases import Ground
from tests.cloud import Cloud, environment, running_cloud

DEADLINES = {"connect": 1, "run_command": 2, "provision": 3, "cleanup": 5, "capture": 3, "replicate": 3}


@contextmanager
def on_ground(folder: Path, guest: str) -> Iterator[Ground]:
    """Start everything, and stop it in the end."""
    folder.mkdir(parents=True)
    with (
        environment({"PREFECT_HOME": str(folder / "prefect"), "PREFECT_LOGGING_LEVEL": "CRITICAL"}),
        prefect_server(folder / "prefect", keep=False) as prefect,
        running_cloud(folder / "azure", guest) as cloud,
    ):
        prefect.wait_until_healthy()
        with environment({"PREFECT_API_URL": prefect.api}):
            yield make_ground(cloud, folder)


def make_ground(cloud: Cloud, folder: Path) -> Ground:
    """The ground on a local Azure that runs: the demo's rebuild with a change, data disk and own test."""
    recipe = parse_recipe(
        {
            "name": "chaos",
            "location": "westeurope",
            "source": {"vm": cloud.world.machine_id},
            "build": {"subnet": cloud.world.subnet_id, "worker_address": "127.0.0.0/8"},
            "customize": [{"name": "mark", "script": "echo golden > /etc/golden-image"}],
            "target": {"definition": cloud.world.definition_id, "regions": ["westeurope", "northeurope"]},
            "verify": {"files": ["/srv/data/content.bin"]},
            "deadlines": DEADLINES,
        }
    )
    return Ground(
        recipe=recipe,
        source=cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id)),
        log=cloud.local.state / "requests.jsonl",
        directory=folder,
        secrets=(os.environ["AZURE_CLIENT_SECRET"], "PRIVATE KEY"),
    )
