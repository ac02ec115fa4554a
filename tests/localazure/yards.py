"""Fixtures of tests with machines: one server on the memory host, a resource group for each test."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.mgmt.compute import ComputeManagementClient

from tests.localazure.conftest import LocalCloud, Wire, wire_to
from tests.localazure.machines import Yard

MEMORY = "tests.localazure.memory_host"


@pytest.fixture(scope="session")
def machine_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A server whose machines are dictionaries; it waits two seconds for guests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALAZURE_PATIENCE", "2")
        running = LocalCloud(tmp_path_factory.mktemp("machines") / "state", guest=MEMORY).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def machine_wire(machine_cloud: LocalCloud) -> Iterator[Wire]:
    """One token and one connection for all tests: they cost more than most tests."""
    wire = wire_to(machine_cloud)
    with wire.session:
        yield wire


def open_yard(cloud: LocalCloud, wire: Wire | None = None) -> Yard:
    wire = wire or wire_to(cloud)
    wire.api_version = "2026-04-01"
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/g-{uuid4().hex[:8]}"
    assert wire("PUT", group, {"location": "westeurope"}).status_code == 201
    return Yard(cloud, wire, group)


@pytest.fixture
def yard(machine_cloud: LocalCloud, machine_wire: Wire) -> Iterator[Yard]:
    opened = open_yard(machine_cloud, machine_wire)
    yield opened
    opened.wire("DELETE", opened.group)


@pytest.fixture
def own_yard(own_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """A yard on a server of the test's own: it may be killed."""
    monkeypatch.setenv("LOCALAZURE_PATIENCE", "30")
    own_cloud.guest = MEMORY
    opened = open_yard(own_cloud.start())
    with opened.wire.session:
        yield opened


@pytest.fixture
def compute(yard: Yard) -> Iterator[ComputeManagementClient]:
    with yard.compute() as client:
        yield client
