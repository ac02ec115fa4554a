"""Secrets of a run are in no record, log, database of Prefect or process list."""

import json
import os
import threading
from pathlib import Path

import pytest

from factory.record import runs_directory
from factory.run import fresh_run_id
from tests.cloud import Cloud
from tests.flows.test_rebuild import rebuild, recipe
from tests.flows.watching import everything_logged, prefect_database, read_if_there

pytestmark = [pytest.mark.guest, pytest.mark.prefect]

PIECE = 40
"""Characters of a key that nothing else has: a secret may be cut, wrapped or escaped."""


class Watch(threading.Thread):
    """Sees the arguments of every process and the keys of a run, for as long as the run goes."""

    def __init__(self, keys: Path) -> None:
        super().__init__(daemon=True)
        self.arguments: set[bytes] = set()
        self.secrets: set[str] = set()
        self.ended = threading.Event()
        self._keys = keys

    def run(self) -> None:
        while not self.ended.wait(0.02):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                self.arguments.add(read_if_there(process))
            for key in self._keys.glob("*.json"):
                self.secrets |= _pieces(read_if_there(key).decode())


def _pieces(text: str) -> set[str]:
    """Pieces from the middle of each line of the private key in a key's file."""
    try:
        private = json.loads(text)["private"]
    except (ValueError, KeyError):
        return set()
    lines = [line for line in private.splitlines() if "-----" not in line and len(line) > PIECE]
    return {line[-PIECE:] for line in lines[1:]}  # the first line is the same in all keys


def test_no_secret_of_a_run_is_where_others_can_read_it(cloud: Cloud, prefect: None) -> None:
    run_id = fresh_run_id()
    directory = runs_directory(os.environ) / run_id
    watch = Watch(directory / "keys")
    watch.start()
    with everything_logged() as logged:
        rebuild(recipe(cloud), run_id)
    watch.ended.set()
    watch.join()
    secrets = watch.secrets | {os.environ["AZURE_CLIENT_SECRET"]}
    assert len(watch.secrets) >= 2, "the keys of both machines were seen"

    places = {
        "process lists": b"\n".join(watch.arguments),
        "logs": "\n".join(logged.text).encode(),
        "Prefect's database": prefect_database(),
        "request log": (cloud.local.state / "requests.jsonl").read_bytes(),
        **{path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()},
    }
    assert b"test-app" in places["Prefect's database"]
    assert b"sshd" in places["process lists"]
    found = [name for name, content in places.items() for secret in secrets if secret.encode() in content]
    assert found == []
