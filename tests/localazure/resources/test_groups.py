"""Resource groups: create, change, list, and a deletion that takes everything along."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient

from tests.localazure.conftest import Wire


def test_a_new_group_is_201_and_the_same_again_200(wire: Wire) -> None:
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/g-{uuid4().hex}"
    first = wire("PUT", path, {"location": "West Europe", "tags": {"a": "1"}})
    again = wire("PUT", path, {"location": "westeurope", "tags": {"b": "2"}})

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["location"] == "westeurope"
    assert again.json()["tags"] == {"b": "2"}
    assert again.json()["properties"] == {"provisioningState": "Succeeded"}


def test_a_group_is_deleted_by_polling_its_location_alone(wire: Wire, group: str) -> None:
    begun = wire("DELETE", group)

    assert begun.status_code == 202
    assert "Azure-AsyncOperation" not in begun.headers
    assert "/operationresults/" in begun.headers["Location"]
    while (result := wire("GET", begun.headers["Location"])).status_code == 202:
        assert result.headers["x-ms-retry-after-ms"]
        time.sleep(0.02)
    assert result.status_code == 200
    gone = wire("GET", group)
    assert gone.status_code == 404
    name = group.rsplit("/", 1)[1]
    assert gone.json()["error"] == {
        "code": "ResourceGroupNotFound",
        "message": f"Resource group '{name}' could not be found.",
    }


def test_the_sdk_creates_lists_by_tag_and_deletes(resources: ResourceManagementClient) -> None:
    name, run = f"g-{uuid4().hex}", uuid4().hex
    resources.resource_groups.create_or_update(name, {"location": "westeurope", "tags": {"run": run}})

    found = list(resources.resource_groups.list(filter=f"tagName eq 'run' and tagValue eq '{run}'"))
    assert [g.name for g in found] == [name]
    assert resources.resource_groups.check_existence(name)
    resources.resource_groups.begin_delete(name).result()
    assert not resources.resource_groups.check_existence(name)
    with pytest.raises(ResourceNotFoundError):
        resources.resource_groups.get(name)


def test_deleting_a_group_that_never_was_is_404(resources: ResourceManagementClient) -> None:
    with pytest.raises(HttpResponseError) as refused:
        resources.resource_groups.begin_delete("never-was")
    assert refused.value.status_code == 404
    assert refused.value.error is not None
    assert refused.value.error.code == "ResourceGroupNotFound"
