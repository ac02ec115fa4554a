"""A place to strike runs in: a local Azure and a user's world of one's own, a Prefect server for all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory.azure import machines
from factory.recipe import parse_recipe
from golden.prefect_server import prefect_server
from tests.chaos.cases import Ground, hash_files
from tests.chaos.runs import LONGEST_RUN
from tests.cloud import Cloud, environment, running_cloud

DEADLINES = {"connect": 1, "run_command": 2, "provision": 3, "cleanup": 5, "capture": 3, "replicate": 3}
PATIENCE = {"model": 1, "namespace": 4, "qemu": 12}
"""How many times longer than with simulated guests everything may take."""
_NOT_NEEDED = (
    "CANCELLATION_CLEANUP",
    "EVENT_PERSISTER",
    "FOREMAN",
    "LATE_RUNS",
    "PAUSE_EXPIRATIONS",
    "SCHEDULER",
    "TASK_RUN_RECORDER",
    "TRIGGERS",
)
"""Prefect's services that no run waits for: half of what its server would do."""


@contextmanager
def quiet_prefect(folder: Path) -> Iterator[None]:
    """A Prefect server for all runs that are struck, with its address in the environment."""
    services = {f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in _NOT_NEEDED}
    home = {"PREFECT_HOME": str(folder), "PREFECT_LOGGING_LEVEL": "CRITICAL"}
    with environment(home | services), prefect_server(folder, keep=False) as server:
        server.wait_until_healthy()
        with environment({"PREFECT_API_URL": server.api}):
            yield


@contextmanager
def on_ground(folder: Path, guest: str, network: str | None = None) -> Iterator[Ground]:
    """Start a local Azure, and stop it in the end; a Prefect server is there."""
    folder.mkdir(parents=True)
    with running_cloud(folder / "azure", guest, network=network) as cloud:
        yield make_ground(cloud, folder, PATIENCE[guest])


def make_ground(cloud: Cloud, folder: Path, patience: int) -> Ground:
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
            "deadlines": {wait: minutes * patience for wait, minutes in DEADLINES.items()},
        }
    )
    return Ground(
        recipe=recipe,
        source=cloud.ask(lambda azure: machines.get_machine(azure, cloud.world.machine_id)),
        log=cloud.local.state / "requests.jsonl",
        directory=folder,
        secrets=(os.environ["AZURE_CLIENT_SECRET"], "PRIVATE KEY"),
        longest=LONGEST_RUN * patience,
        contents=hash_files(cloud.world.machine_id),
    )
