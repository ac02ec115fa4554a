"""Faults set on a server of the folder's own, taken back after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localazure.conftest import LocalCloud, Wire, wire_to

MEMORY = "tests.localazure.memory_host"
HERE = {"location": "westeurope"}
NSG = "PUT Microsoft.Network/networkSecurityGroups"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A server whose machines are dictionaries."""
    running = LocalCloud(tmp_path_factory.mktemp("faults") / "state", guest=MEMORY).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(autouse=True)
def cleared(cloud: LocalCloud) -> Iterator[None]:
    """No fault outlives its test, and none survives from another."""
    yield
    wire_to(cloud)("DELETE", "/_local/faults")


def set_fault(wire: Wire, operation: str, kind: str, **more: Any) -> str:
    answer = wire("POST", "/_local/faults", {"operation": operation, "kind": kind, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def hits(wire: Wire, fault: str) -> tuple[int, int]:
    """How often a fault was met, and hit."""
    found = wire("GET", "/_local/faults").json()["faults"]
    one = next(one for one in found if one["id"] == fault)
    return one["seen"], one["hits"]


def nsg(group: str, name: str = "nsg") -> str:
    return f"{group}/providers/Microsoft.Network/networkSecurityGroups/{name}"
