"""Faults from the command line: set, listed and taken back on a running local Azure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from golden import local_azure
from golden.app import app


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory: Path = tmp_path_factory.mktemp("faulty")
    local = local_azure.start(directory, guest="tests.localazure.memory_host")
    yield str(directory)
    local_azure.stop(local)


def fault(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["local", "fault", *words])
    return result.exit_code, result.output


def set_faults(state: str) -> list[tuple[str, str]]:
    found = json.loads(fault("list", "--json", "--state", state)[1])
    return [(one["kind"], one["operation"]) for one in found]


def test_faults_are_set_listed_and_taken_back(state: str) -> None:
    where = ("--state", state)
    assert fault("add", "capture-fails", *where)[0] == 0
    more = ("--on", "PUT Microsoft.Compute/disks", "--data", '{"status": 503}', "--times", "2")
    assert fault("add", "server-error", *more, *where)[0] == 0
    assert set_faults(state) == [
        ("lro-fails", "PUT Microsoft.Compute/galleries/images/versions"),
        ("server-error", "PUT Microsoft.Compute/disks"),
    ]
    assert "server-error" in fault("list", *where)[1]
    assert "cleared 2" in fault("clear", *where)[1]
    assert set_faults(state) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "toaster"), "there is no fault of the name 'toaster'"),
        (("add", "toaster", "--on", "*"), "there is no kind 'toaster'"),
        (("add", "throttle", "--on", "*", "--data", "{"), "--data is not JSON"),
        (("clear", "nobody"), "There is no fault nobody"),
    ],
)
def test_a_fault_that_cannot_be_is_one_clear_error(state: str, words: tuple[str, ...], said: str) -> None:
    status, text = fault(*words, "--state", state)
    assert status == 1
    assert said in text
    assert "Traceback" not in text


def test_the_named_faults_are_listed_without_a_local_azure() -> None:
    pages = json.loads(CliRunner().invoke(app, ["demo", "--list-faults", "--json"]).output)
    assert {"capture-fails", "throttled", "guest-dies-in-generalize"} <= {page["name"] for page in pages}


def test_a_demo_with_an_unknown_fault_does_not_begin() -> None:
    result = CliRunner().invoke(app, ["demo", "--fault", "toaster"])
    assert result.exit_code == 1
    assert "there is no fault of the name toaster" in result.output
