"""Faults set on a server whose machines are dictionaries, taken back after each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localazure.conftest import LocalCloud, Wire
from tests.localazure.yards import machine_cloud, machine_wire, own_yard, yard

__all__ = ["machine_cloud", "machine_wire", "own_yard", "yard"]

HERE = {"location": "westeurope"}
NSG = "PUT Microsoft.Network/networkSecurityGroups"


@pytest.fixture
def cloud(machine_cloud: LocalCloud) -> LocalCloud:
    return machine_cloud


@pytest.fixture
def wire(machine_wire: Wire) -> Wire:
    return machine_wire


@pytest.fixture(autouse=True)
def cleared(request: pytest.FixtureRequest) -> Iterator[None]:
    """No fault outlives its test."""
    yield
    if "machine_wire" in request.fixturenames:
        request.getfixturevalue("machine_wire")("DELETE", "/_local/faults")


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
