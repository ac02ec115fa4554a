"""A run record in a blob container: the same record, and a lease for a lock that nobody writes around."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

from factory.errors import InvalidInput, RecordUnusable, RunInUse
from factory.record import find_record, open_record, recorded_runs
from factory.record_container import open_container
from golden import local_azure
from tests.cloud import environment
from tests.localazure.conftest import LocalCloud
from tests.localazure.storage.conftest import azurite, blob_cloud, blob_wire, shelf  # noqa: F401 - fixtures
from tests.localazure.storage.shelves import Shelf


@pytest.fixture
def place(blob_cloud: LocalCloud, shelf: Shelf) -> Iterator[str]:  # noqa: F811 - a fixture by its name
    """The address of an empty container, and the identity of a client in the environment."""
    with shelf.client() as client:
        name = f"runs{secrets.token_hex(4)}"
        client.create_container(name).close()
    running = local_azure.find(blob_cloud.state)
    assert running is not None
    address = f"{shelf.endpoint}{name}"
    with environment({**running.environment(), "GOLDEN_RUNS": address}):
        yield address


def test_a_record_in_a_container_is_read_by_whoever_knows_it(place: str, tmp_path: Path) -> None:
    os.environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    record = open_record(os.environ, "r1")
    with record.step("back-up", "vm"):
        record.save("plan.json", {"b": 1, "a": 2})
    record.save_text("report.md", "# Report")
    assert recorded_runs(os.environ) == ["r1"]
    found = find_record(os.environ, "r1")
    assert [event.kind for event in found.events()] == ["started", "finished"]
    assert found.load("plan.json") == {"a": 2, "b": 1}
    assert found.documents() == ["plan.json"]
    found.remove("plan.json")
    found.remove("plan.json")
    assert not record.has("plan.json")
    assert record.where == f"{place}/r1"
    with pytest.raises(InvalidInput, match="there is no run 'r2'"):
        find_record(os.environ, "r2")


def test_who_holds_the_lease_alone_writes_and_the_next_one_may_when_it_is_given_back(
    place: str, tmp_path: Path
) -> None:
    record = open_record(os.environ, "r1")
    container = open_container(place, os.environ)
    other = container.get_blob_client("r1/events.jsonl")
    assert not record.is_claimed()
    with record.claim():
        record.write("build", "started")
        assert record.is_claimed()
        with pytest.raises(RunInUse, match=rf"process {os.getpid()} on .*within 60 s"), record.claim():
            pass
        with pytest.raises(Exception, match=r"[Ll]ease"):
            other.append_block(b"{}\n")
    assert not record.is_claimed()
    other.append_block(b'{"torn": ')
    with record.claim():
        assert [event.step for event in record.events()] == ["build"]


def test_an_event_whose_answer_was_lost_is_read_once(place: str, tmp_path: Path) -> None:
    record = open_record(os.environ, "r1")
    record.write("build", "started")
    container: ContainerClient = open_container(place, os.environ)
    blob = container.get_blob_client("r1/events.jsonl")
    blob.append_block(blob.download_blob().readall())
    record.write("build", "finished")
    assert [event.kind for event in record.events()] == ["started", "finished"]


def test_a_container_that_is_not_there_is_told_with_what_to_check(place: str) -> None:
    os.environ["GOLDEN_RUNS"] = f"{place}-not"
    with pytest.raises(RecordUnusable, match="Storage Blob Data Contributor"):
        recorded_runs(os.environ)
    with pytest.raises(RecordUnusable):
        open_record(os.environ, "r1").write("build", "started")


def test_keys_stay_on_this_computer(place: str, tmp_path: Path) -> None:
    os.environ["XDG_STATE_HOME"] = str(tmp_path)
    record = open_record(os.environ, "r1")
    assert record.directory.is_relative_to(tmp_path)
