"""A machine as the command line asks for it: nulls, other case, and by a template."""

from __future__ import annotations

from typing import Any

from tests.localazure.machines import Yard


def as_the_command_line_asks(yard: Yard) -> dict[str, Any]:
    body = yard.machine_body()
    body["properties"]["storageProfile"]["osDisk"] = {
        "createOption": "fromImage",
        "name": None,
        "caching": "readwrite",
        "managedDisk": {"storageAccountType": None},
    }
    body["properties"]["networkProfile"]["networkInterfaces"][0]["properties"] = {"deleteOption": None}
    return body


def test_a_machine_with_nulls_and_other_case_is_the_same_machine(yard: Yard) -> None:
    path = yard.path("virtualMachines", "vm")
    yard.done(yard.wire("PUT", path, as_the_command_line_asks(yard)))
    disk = yard.get(path)["properties"]["storageProfile"]["osDisk"]
    assert (disk["createOption"], disk["caching"]) == ("FromImage", "ReadWrite")
    assert disk["name"].startswith("vm_OsDisk_1_")
    assert disk["managedDisk"]["storageAccountType"] == "Standard_LRS"


def test_a_template_makes_a_machine_and_a_machine_that_fails_fails_the_deployment(yard: Yard) -> None:
    yard.behave("bad", start="fails")
    for name, ends in (("good", "Succeeded"), ("bad", "Failed")):
        machine = as_the_command_line_asks(yard) | {
            "type": "Microsoft.Compute/virtualMachines",
            "apiVersion": "2026-04-01",
            "name": name,
        }
        template = {
            "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
            "contentVersion": "1.0.0.0",
            "resources": [machine],
        }
        path = f"{yard.group}/providers/Microsoft.Resources/deployments/{name}"
        begun = yard.wire("PUT", path, {"properties": {"mode": "Incremental", "template": template}})
        assert yard.wire.finish(begun)["status"] == ends
    (detail,) = yard.get(path)["properties"]["error"]["details"]
    assert detail["code"] == "Conflict"
    assert '"code": "ResourceDeploymentFailure"' in detail["message"]
    (step,) = yard.get(f"{path}/operations")["value"]
    assert step["properties"]["statusMessage"]["error"]["details"][0]["code"]


def test_versions_of_a_marketplace_image_are_expanded_whole_or_by_one_property(yard: Yard) -> None:
    place = f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/locations/westeurope"
    versions = f"{place}/publishers/Debian/artifacttypes/vmimage/offers/debian-12/skus/12-gen2/versions"
    newest = {"$orderby": "name desc", "$top": "1"}
    (plain,) = yard.wire("GET", versions, **newest).json()
    (whole,) = yard.wire("GET", versions, **newest, **{"$expand": "properties"}).json()
    assert "properties" not in plain
    assert whole == yard.get(f"{versions}/{plain['name']}")
    (part,) = yard.wire("GET", versions, **newest, **{"$expand": "properties/imageDeprecationStatus"}).json()
    assert part["properties"] == {"imageDeprecationStatus": {"imageState": "Active"}}
    assert yard.wire("GET", versions, **{"$expand": "everything"}).status_code == 501
