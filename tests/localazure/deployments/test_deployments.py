"""Deployments on the wire: documents as recorded, real resources, ARM's refusals, a killed server."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.localazure.conftest import LocalCloud, Wire, wire_to
from tests.localazure.deployments.around import security_group, template

NSG = "Microsoft.Network/networkSecurityGroups"


class Deploy:
    """Shorthands for deployments in one group."""

    def __init__(self, wire: Wire, group: str) -> None:
        self.wire, self.group = wire, group
        wire.api_version = "2024-11-01"

    def path(self, name: str = "d") -> str:
        return f"{self.group}/providers/Microsoft.Resources/deployments/{name}"

    def put(self, whole: Any, name: str = "d", *, verb: str = "", **given: Any) -> requests.Response:
        properties = {"mode": "Incremental", "template": whole}
        if given:
            properties["parameters"] = {key: {"value": value} for key, value in given.items()}
        method = "POST" if verb else "PUT"
        return self.wire(method, self.path(name) + verb, {"properties": properties})

    def done(self, whole: Any, name: str = "d", **given: Any) -> dict[str, Any]:
        begun = self.put(whole, name, **given)
        assert begun.status_code in (200, 201), begun.text
        status = self.wire.finish(begun)
        assert status == {"status": "Succeeded"}
        return self.get(name)

    def failed(self, whole: Any, name: str = "d") -> dict[str, Any]:
        status = self.wire.finish(self.put(whole, name))
        assert status["status"] == "Failed"
        error: dict[str, Any] = status["error"]
        assert self.get(name)["properties"]["error"] == error
        return error

    def get(self, name: str = "d") -> dict[str, Any]:
        found: dict[str, Any] = self.wire("GET", self.path(name)).json()
        return found


@pytest.fixture
def deploy(wire: Wire, group: str) -> Iterator[Deploy]:
    yield Deploy(wire, group)


def nic(subnet: str) -> dict[str, Any]:
    configuration = {"name": "ip", "properties": {"subnet": {"id": subnet}}}
    return {
        "type": "Microsoft.Network/networkInterfaces",
        "apiVersion": "2025-07-01",
        "name": "nic",
        "location": "westeurope",
        "dependsOn": ["net"],
        "properties": {"ipConfigurations": [configuration]},
    }


def network() -> dict[str, Any]:
    subnet = {"name": "s", "properties": {"addressPrefix": "127.16.9.0/24"}}
    return {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2025-07-01",
        "name": "net",
        "location": "West Europe",
        "properties": {"addressSpace": {"addressPrefixes": ["127.16.9.0/24"]}, "subnets": [subnet]},
    }


SUBNET = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 's')]"


def test_a_deployment_makes_its_resources_and_says_so_as_recorded(deploy: Deploy) -> None:
    whole = template(
        nic(SUBNET),
        network(),
        outputs={
            "address": {
                "type": "string",
                "value": "[reference('nic').ipConfigurations[0].properties.privateIPAddress]",
            }
        },
        parameters={"word": {"type": "securestring"}, "size": {"type": "int", "defaultValue": 3}},
    )
    begun = deploy.put(whole, word="hunter2")
    assert begun.status_code == 201
    first = begun.json()
    assert list(first) == ["id", "name", "type", "properties"]
    assert first["properties"]["provisioningState"] == "Accepted"
    assert "/deployments/d/operationStatuses/" in begun.headers["Azure-AsyncOperation"]
    assert "Location" not in begun.headers
    assert deploy.wire.finish(begun) == {"status": "Succeeded"}

    doc = deploy.get()
    properties = doc["properties"]
    assert set(properties) == {
        *(
            "templateHash",
            "parameters",
            "mode",
            "provisioningState",
            "timestamp",
            "duration",
            "correlationId",
        ),
        *("providers", "dependencies", "outputs", "outputResources"),
    }
    assert properties["parameters"] == {
        "word": {"type": "SecureString"},
        "size": {"type": "Int", "value": 3},
    }
    assert properties["outputs"] == {"address": {"type": "String", "value": "127.16.9.4"}}
    (dependency,) = properties["dependencies"]
    assert dependency["resourceName"] == "nic"
    assert [one["resourceName"] for one in dependency["dependsOn"]] == ["net"]
    kinds = {"virtualNetworks", "networkInterfaces"}
    (provider,) = properties["providers"]
    assert provider["namespace"] == "Microsoft.Network"
    assert {one["resourceType"] for one in provider["resourceTypes"]} == kinds
    assert all(one["locations"] == ["westeurope"] for one in provider["resourceTypes"])
    for one in properties["outputResources"]:
        assert deploy.wire("GET", one["id"]).json()["properties"]["provisioningState"] == "Succeeded"
    assert "hunter2" not in json.dumps(doc)


def test_a_secret_does_not_outlive_the_deployment_in_the_state(deploy: Deploy) -> None:
    deploy.done(template(parameters={"word": {"type": "securestring"}}), word="swordfish-11")
    state = deploy.wire.cloud.state / "state.db"
    log = state.with_name("state.db-wal")
    rows = [one for one in _documents(state) if "swordfish-11" in one]
    assert rows == []
    assert log.exists()


def _documents(database: Any) -> list[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return [
            body
            for table in ("documents", "operations")
            for (body,) in db.execute(f"SELECT body FROM {table}")
        ]


def test_operations_name_each_resource(deploy: Deploy) -> None:
    deploy.done(template(security_group("a"), security_group("b")))
    listed = deploy.wire("GET", deploy.path() + "/operations").json()["value"]
    assert [one["properties"]["targetResource"]["resourceName"] for one in listed] == ["a", "b"]
    for one in listed:
        assert one["properties"]["provisioningState"] == "Succeeded"
        assert one["properties"]["statusCode"] == "Created"
        assert deploy.wire("GET", one["id"]).json() == one
    missing = deploy.wire("GET", deploy.path() + "/operations/0000")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "DeploymentOperationNotFound")


def test_a_refusal_of_a_resource_is_the_deployments_in_arms_frame(deploy: Deploy) -> None:
    error = deploy.failed(template(nic(SUBNET) | {"dependsOn": []}, security_group("good")))
    assert error["code"] == "DeploymentFailed"
    assert error["message"].startswith("At least one resource deployment operation failed.")
    (detail,) = error["details"]
    inner = json.loads(detail["message"])["error"]
    direct = deploy.wire(
        "PUT",
        f"{deploy.group}/providers/Microsoft.Network/networkInterfaces/nic",
        {"location": "westeurope", "properties": _with_subnet(deploy.group)},
    )
    assert inner == direct.json()["error"]
    assert detail["code"] == {400: "BadRequest", 404: "NotFound"}[direct.status_code]
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/good").status_code == 200


def _with_subnet(group: str) -> dict[str, Any]:
    subnet = f"{group}/providers/Microsoft.Network/virtualNetworks/net/subnets/s"
    return {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": subnet}}}]}


def test_nothing_that_needs_a_failed_resource_is_begun(deploy: Deploy) -> None:
    bad = security_group("bad") | {"location": "the moon"}
    error = deploy.failed(template(bad, security_group("after", dependsOn=["bad"])))
    assert len(error["details"]) == 1
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/after").status_code == 404
    listed = deploy.wire("GET", deploy.path() + "/operations").json()["value"]
    assert [one["properties"]["provisioningState"] for one in listed] == ["Failed"]
    assert listed[0]["properties"]["statusMessage"]["error"]["code"] == "LocationNotAvailableForResourceType"


def test_a_lock_holds_for_templates_too(deploy: Deploy) -> None:
    deploy.done(template(security_group("a")))
    lock = f"{deploy.group}/providers/{NSG}/a/providers/Microsoft.Authorization/locks/l"
    assert deploy.wire("PUT", lock, {"properties": {"level": "ReadOnly"}}).status_code == 201
    error = deploy.failed(template(security_group("a", tags={"x": "y"})))
    assert json.loads(error["details"][0]["message"])["error"]["code"] == "ScopeLocked"
    deploy.wire("DELETE", lock)


def test_validate_checks_everything_and_does_nothing(deploy: Deploy) -> None:
    good = deploy.put(template(security_group("a")), verb="/validate")
    assert good.status_code == 200
    assert good.json()["properties"]["provisioningState"] == "Succeeded"
    assert [one["id"].rsplit("/", 1)[-1] for one in good.json()["properties"]["validatedResources"]] == ["a"]
    bad = deploy.put(template(security_group("[shout('a')]")), verb="/validate")
    assert (bad.status_code, bad.json()["error"]["code"]) == (400, "InvalidTemplate")
    assert "The template function 'shout' is not valid." in bad.json()["error"]["message"]
    assert deploy.wire("GET", deploy.path()).json()["error"]["code"] == "DeploymentNotFound"
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/a").status_code == 404


REQUESTS: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "InvalidRequestContent"),
    ({"properties": {"template": {}}}, 400, "InvalidRequestContent"),
    ({"properties": {"mode": "Slowly", "template": {}}}, 400, "InvalidRequestContent"),
    ({"properties": {"mode": "Incremental"}}, 400, "InvalidTemplate"),
    ({"properties": {"mode": "Incremental", "template": []}}, 400, "InvalidTemplate"),
    ({"properties": {"mode": "Incremental", "template": {}, "colour": 1}}, 400, "InvalidRequestContent"),
    (
        {"properties": {"mode": "Incremental", "template": template()}, "kind": "x"},
        400,
        "InvalidRequestContent",
    ),
    ({"properties": {"mode": "Complete", "template": template()}}, 501, "NotImplemented"),
    ({"properties": {"mode": "Incremental", "templateLink": {"uri": "x"}}}, 501, "NotImplemented"),
    (
        {"properties": {"mode": "Incremental", "template": template()}, "location": "x"},
        400,
        "InvalidDeployment",
    ),
]


@pytest.mark.parametrize(("body", "status", "code"), REQUESTS)
def test_a_request_that_is_no_deployment_is_refused(
    deploy: Deploy, body: dict[str, Any], status: int, code: str
) -> None:
    found = deploy.wire("PUT", deploy.path(), body)
    assert (found.status_code, found.json()["error"]["code"]) == (status, code)
    assert deploy.wire("GET", deploy.path()).status_code == 404


def test_a_resource_that_nobody_carries_out_is_501_before_anything_is_made(deploy: Deploy) -> None:
    balancer = {"type": "Microsoft.Network/loadBalancers", "apiVersion": "2024-05-01", "name": "b"}
    found = deploy.put(template(security_group("a"), balancer))
    assert (found.status_code, found.json()["error"]["code"]) == (501, "NotImplemented")
    unknown = {"type": "Contoso.Things/things", "apiVersion": "2024-11-01", "name": "v"}
    found = deploy.put(template(unknown))
    assert found.json()["error"]["code"] == "InvalidResourceNamespace"
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/a").status_code == 404


def test_what_if_is_501(deploy: Deploy) -> None:
    assert deploy.put(template(), verb="/whatIf").status_code == 501


def test_a_name_that_is_none_is_refused(deploy: Deploy) -> None:
    found = deploy.put(template(), "a" * 65)
    assert (found.status_code, found.json()["error"]["code"]) == (400, "InvalidDeploymentName")


def test_deployments_are_listed_exported_checked_and_forgotten(deploy: Deploy) -> None:
    deploy.done(template(security_group("a")), "one")
    deploy.failed(template(security_group("b") | {"location": "nowhere"}), "two")
    base = deploy.path("x").rsplit("/", 1)[0]
    assert [one["name"] for one in deploy.wire("GET", base).json()["value"]] == ["two", "one"]
    failed = deploy.wire("GET", base, **{"$filter": "provisioningState eq 'Failed'"}).json()["value"]
    assert [one["name"] for one in failed] == ["two"]
    exported = deploy.wire("POST", deploy.path("one") + "/exportTemplate").json()
    assert exported == {"template": template(security_group("a"))}
    assert deploy.wire("HEAD", deploy.path("one")).status_code == 204
    gone = deploy.wire("DELETE", deploy.path("one"))
    assert gone.status_code == 202
    while deploy.wire("GET", gone.headers["Location"]).status_code == 202:
        time.sleep(0.02)
    assert deploy.wire("HEAD", deploy.path("one")).status_code == 404
    assert deploy.wire("DELETE", deploy.path("one")).status_code == 204
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/a").status_code == 200


def test_a_deployment_again_is_200_and_leaves_what_fits_alone(deploy: Deploy) -> None:
    deploy.done(template(security_group("a")))
    path = f"{deploy.group}/providers/{NSG}/a"
    before = deploy.wire("GET", path).json()["properties"]["resourceGuid"]
    again = deploy.put(template(security_group("a")))
    assert again.status_code == 200
    assert deploy.wire.finish(again) == {"status": "Succeeded"}
    assert deploy.wire("GET", path).json()["properties"]["resourceGuid"] == before


def test_an_output_without_a_value_fails_the_deployment_after_its_resources(deploy: Deploy) -> None:
    whole = template(
        security_group("a"), outputs={"o": {"type": "string", "value": "[reference('a').nothing]"}}
    )
    assert deploy.failed(whole)["code"] == "DeploymentOutputEvaluationFailed"
    assert deploy.wire("GET", f"{deploy.group}/providers/{NSG}/a").status_code == 200


def test_a_reference_to_what_is_not_there_fails_its_resource(deploy: Deploy) -> None:
    target = f"resourceId('{NSG}', 'nobody')"
    tags = {"x": f"[reference({target}, '2025-07-01').resourceGuid]"}
    error = deploy.failed(template(security_group("a", tags=tags)))
    assert json.loads(error["details"][0]["message"])["error"]["code"] == "ResourceNotFound"


@pytest.fixture
def slow(own_cloud: LocalCloud) -> Deploy:
    """On a server where every resource takes a while."""
    own_cloud.options = ("--scale", "0.2")
    return again(own_cloud, f"g-{uuid4().hex[:6]}")


def again(own_cloud: LocalCloud, group: str) -> Deploy:
    wire = wire_to(own_cloud.start())
    path = f"/subscriptions/{own_cloud.subscription}/resourceGroups/{group}"
    assert wire("PUT", path, {"location": "westeurope"}).status_code in (200, 201)
    return Deploy(wire, path)


def chain(count: int) -> dict[str, Any]:
    return template(
        *(security_group(f"n{at}", dependsOn=[f"n{at - 1}"] if at else []) for at in range(count))
    )


def test_a_killed_server_finishes_the_deployment_under_its_old_url(
    own_cloud: LocalCloud, slow: Deploy
) -> None:
    whole = chain(3) | {"outputs": {"o": {"type": "int", "value": "[length(parameters('p'))]"}}}
    whole["parameters"] = {"p": {"type": "securestring"}}
    begun = slow.put(whole, p="secret")
    first = f"{slow.group}/providers/{NSG}/n0"
    while slow.wire("GET", first).status_code != 200:
        time.sleep(0.02)
    guid = slow.wire("GET", first).json()["properties"]["resourceGuid"]
    assert slow.wire("GET", begun.headers["Azure-AsyncOperation"]).json() == {"status": "Running"}
    own_cloud.stop(signal.SIGKILL)

    after = again(own_cloud, slow.group.rsplit("/", 1)[-1])
    assert after.wire.finish(begun) == {"status": "Succeeded"}
    assert after.get()["properties"]["outputs"] == {"o": {"type": "Int", "value": 6}}
    assert after.wire("GET", first).json()["properties"]["resourceGuid"] == guid
    listed = after.wire("GET", after.path() + "/operations").json()["value"]
    assert [one["properties"]["targetResource"]["resourceName"] for one in listed] == ["n0", "n1", "n2"]


def test_a_second_deployment_of_a_name_waits_its_turn(slow: Deploy) -> None:
    begun = slow.put(chain(2))
    refusal = slow.put(chain(2))
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (409, "DeploymentActive")
    assert slow.wire("DELETE", slow.path()).status_code == 409
    assert slow.wire.finish(begun) == {"status": "Succeeded"}


def test_a_cancelled_deployment_begins_nothing_more(slow: Deploy) -> None:
    begun = slow.put(chain(3))
    assert slow.wire("POST", slow.path() + "/cancel").status_code == 204
    assert slow.wire.finish(begun)["status"] == "Canceled"
    assert slow.get()["properties"]["provisioningState"] == "Canceled"
    refusal = slow.wire("POST", slow.path() + "/cancel")
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (409, "DeploymentCannotBeCancelled")
    assert slow.wire("GET", f"{slow.group}/providers/{NSG}/n2").status_code == 404


def test_a_group_is_deleted_under_a_running_deployment(slow: Deploy) -> None:
    slow.put(chain(4))
    gone = slow.wire("DELETE", slow.group)
    deadline = time.monotonic() + 60
    while slow.wire("GET", gone.headers["Location"]).status_code == 202:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert slow.wire("GET", slow.group).status_code == 404
    assert slow.wire("GET", "/_local/status").json()["resources"] == {}
