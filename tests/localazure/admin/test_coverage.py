"""The coverage table says what the server does: it is held against the server's own answers."""

from __future__ import annotations

from typing import Any

import pytest

from localazure.admin import coverage
from localazure.arm.routing import Route, Router
from localazure.compute.transitions import ELSEWHERE, TABLE
from localazure.discovery import load_services
from tests.localazure.conftest import LocalCloud, Wire
from tests.localazure.proof import client_of, evidence

MACHINE = "/subscriptions/{sub}/resourceGroups/{rg}/providers/Microsoft.Compute/virtualMachines/{name}"


@pytest.fixture
def found(wire: Wire) -> dict[str, Any]:
    answer: dict[str, Any] = wire("GET", "/_local/coverage").json()
    return answer


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{row['method']} {row['path']}": row for row in found["operations"]}


def test_an_operation_has_one_row_and_the_summary_counts_them(found: dict[str, Any]) -> None:
    operations = found["operations"]
    assert len(rows(found)) == len(operations) == found["summary"]["operations"]
    assert sum(found["summary"]["answers"].values()) == len(operations)
    assert not [row for row in operations if row["path"].startswith("/_local")]
    assert all(row["answer"] in ("implemented", "refused", "501") for row in operations)


def test_what_is_called_501_is_answered_so(wire: Wire, cloud: LocalCloud, found: dict[str, Any]) -> None:
    unrouted = [row for row in found["operations"] if row["answer"] == "501" and "{publicG" in row["path"]]
    assert len(unrouted) == 5
    for row in unrouted:
        path = row["path"].replace("{sub}", cloud.subscription).replace("{", "").replace("}", "")
        assert wire(row["method"], path).status_code == 501


def test_what_can_only_refuse_is_told_apart(found: dict[str, Any]) -> None:
    table = rows(found)
    assert table[f"POST {MACHINE}/capture"]["answer"] == "refused"
    assert table[f"PUT {MACHINE}/extensions/{{extension}}"]["answer"] == "501"
    assert table[f"POST {MACHINE}/start"]["answer"] == "implemented"


def test_assumed_states_are_those_of_the_transition_table(found: dict[str, Any]) -> None:
    table = rows(found)
    assert table[f"POST {MACHINE}/powerOff"]["assumed"] == ["stopped", "generalized"]
    assert table[f"DELETE {MACHINE}"]["assumed"] == []
    assert table[f"GET {MACHINE}"]["sources"] == {}
    version = next(row for name, row in table.items() if name.startswith("PUT") and "{version}" in name)
    assert version["assumed"] == ["running", "stopped", "deallocated"]
    assert sum(found["summary"]["cells"].values()) == 4 * (len(TABLE) + len(ELSEWHERE))


def test_evidence_is_only_of_operations_that_answer() -> None:
    load_services()
    router = Router()
    answers = {coverage.key(route): coverage.answer(route.endpoint) for route in router.routes}
    wrong = [name for name in coverage.proof() if answers.get(name) != coverage.IMPLEMENTED]
    assert wrong == []


def test_a_client_has_proven_only_what_was_not_refused_to_it() -> None:
    async def endpoint(call: object) -> Any: ...

    router = Router([Route("GET", "/things/{name}", endpoint)])
    line = {"method": "GET", "path": "/things/a", "status": 200, "user_agent": "AZURECLI/2 azsdk-python-core"}
    assert evidence([line], router) == {("GET /things/{name}", "azure-cli")}
    assert evidence([line | {"status": 404}], router) == set()
    assert evidence([line | {"path": "/other"}], router) == set()
    assert evidence([line | {"user_agent": "python-requests/2"}], router) == set()


@pytest.mark.parametrize(
    ("user_agent", "client"),
    [
        ("golden-image-factory/0.1 run/1 azsdk-python-mgmt-compute/39.0.0", "factory"),
        ("azsdk-python-mgmt-compute/39.0.0 Python/3.11.7", "sdk"),
        (None, None),
    ],
)
def test_a_client_is_known_by_its_user_agent(user_agent: str | None, client: str | None) -> None:
    assert client_of(user_agent) == client
