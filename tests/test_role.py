"""The custom role: requests as the actions that Azure authorizes them by."""

import json
from pathlib import Path

import pytest

from tests.role import action_of, calls_outside_the_role, role_actions

SUBSCRIPTION = "/subscriptions/s"
COMPUTE = f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute"


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", f"{SUBSCRIPTION}/resourcegroups/g", "microsoft.resources/subscriptions/resourcegroups/read"),
        (
            "GET",
            f"{SUBSCRIPTION}/resourcegroups/g/resources",
            "microsoft.resources/subscriptions/resourcegroups/resources/read",
        ),
        ("PUT", f"{COMPUTE}/virtualMachines/v", "microsoft.compute/virtualmachines/write"),
        (
            "POST",
            f"{COMPUTE}/virtualMachines/v/powerOff",
            "microsoft.compute/virtualmachines/poweroff/action",
        ),
        (
            "DELETE",
            f"{COMPUTE}/galleries/a/images/b/versions/1.0.0",
            "microsoft.compute/galleries/images/versions/delete",
        ),
        (
            "GET",
            f"{COMPUTE}/virtualMachines/v/providers/Microsoft.Authorization/locks",
            "microsoft.authorization/locks/read",
        ),
        ("GET", "/bootdiagnostics/x/serialconsole.log", None),
    ],
)
def test_a_request_is_authorized_by_its_type_and_verb(method: str, path: str, action: str | None) -> None:
    assert action_of(method, path) == action


def test_a_call_that_the_role_does_not_hold_is_named(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    calls = [
        {
            "method": "DELETE",
            "path": f"{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n",
        },
        {"method": "GET", "path": f"{COMPUTE}/virtualMachines/v"},
    ]
    log.write_text("".join(json.dumps({**call, "user_agent": "x run/1"}) + "\n" for call in calls))
    (found,) = calls_outside_the_role(log, ["run/"])
    assert found.startswith("microsoft.network/virtualnetworks/delete")
    assert calls_outside_the_role(log, ["run/2"]) == []


def test_the_role_has_no_wildcards_and_cannot_grant_rights() -> None:
    actions = role_actions()
    assert not [action for action in actions if "*" in action]
    assert not [action for action in actions if "roleassignments" in action or "locks/write" in action]
