"""Galleries and image definitions: recorded shapes, rules of names and identifiers, order of deletion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localazure.galleries.shelves import DEFINITION, definition, gallery
from tests.localazure.machines import Yard


def test_a_gallery_has_the_recorded_shape(yard: Yard) -> None:
    path = yard.path("galleries", "shelf")
    body = {"location": "westeurope", "properties": {"description": "images of ours"}}
    response = yard.wire("PUT", path, body)
    assert response.status_code == 201
    assert (
        "/capsOperations/" in response.headers["Azure-AsyncOperation"] and "Location" not in response.headers
    )
    assert response.json()["properties"]["provisioningState"] == "Creating"
    assert set(yard.done(response)) == {"startTime", "endTime", "status", "name"}
    assert yard.get(path) == {
        "name": "shelf",
        "id": path,
        "type": "Microsoft.Compute/galleries",
        "location": "westeurope",
        "properties": {
            "description": "images of ours",
            "identifier": {"uniqueName": f"{yard.cloud.subscription}-SHELF"},
            "provisioningState": "Succeeded",
            "softDeletePolicy": {"isSoftDeleteEnabled": False},
        },
    }


def test_a_definition_has_the_recorded_shape(yard: Yard) -> None:
    path = f"{gallery(yard)}/images/debian"
    response = yard.wire("PUT", path, DEFINITION)
    assert response.status_code == 201
    yard.done(response)
    found = yard.get(path)
    assert found["type"] == "Microsoft.Compute/galleries/images"
    assert found["properties"] == {
        "hyperVGeneration": "V2",
        "architecture": "x64",
        "osType": "Linux",
        "osState": "Generalized",
        "identifier": {"publisher": "us", "offer": "debian", "sku": "12"},
        "provisioningState": "Succeeded",
    }


def test_a_definition_without_a_generation_is_of_the_first(yard: Yard) -> None:
    path = definition(yard, gallery(yard), hyperVGeneration=None)
    assert yard.get(path)["properties"]["hyperVGeneration"] == "V1"


def test_a_gallery_name_has_no_dash_and_is_unique_in_the_subscription(yard: Yard) -> None:
    body = {"location": "westeurope", "properties": {}}
    found = yard.refused(yard.wire("PUT", yard.path("galleries", "with-dash"), body))
    assert found[:2] == (400, "InvalidParameter")
    assert found[2].startswith("Gallery name is invalid.")
    name = gallery(yard).rsplit("/", 1)[-1]
    other = f"/subscriptions/{yard.cloud.subscription}/resourceGroups/{yard.name}-two"
    yard.wire("PUT", other, {"location": "westeurope"})
    elsewhere = f"{other}/providers/Microsoft.Compute/galleries/{name.upper()}"
    assert "is not unique within the subscription" in yard.refused(yard.wire("PUT", elsewhere, body))[2]
    yard.wire("DELETE", other)


def test_the_triple_of_publisher_offer_and_sku_is_unique_in_a_gallery(yard: Yard) -> None:
    shelf = gallery(yard)
    definition(yard, shelf, name="one")
    found = yard.refused(yard.wire("PUT", f"{shelf}/images/two", DEFINITION))
    assert found[0] == 409
    assert found[2].startswith(
        "Gallery image: one identified by (publisher:us, offer:debian, sku:12) already exists."
    )


BAD: list[tuple[dict[str, Any], str]] = [
    ({"osType": None}, "Required parameter 'galleryImage.properties.osType' is missing (null)."),
    ({"osState": "Halfway"}, "The value 'Halfway' of parameter galleryImage.properties.osState is invalid."),
    (
        {"identifier": {"publisher": "us", "offer": "ends.", "sku": "12"}},
        "Asset name galleryImage.properties.identifier.offer is not valid.",
    ),
    (
        {"recommended": {"vCPUs": {"min": 8, "max": 2}}},
        "The minimum value of vCPUs must not be greater than the maximum value of vCPUs.",
    ),
    ({"endOfLifeDate": "2020-01-01T00:00:00Z"}, "EndOfLifeDate must be set to a future date."),
    (
        {"endOfLifeDate": "soon"},
        "Could not convert string to DateTimeOffset: soon. Path 'properties.endOfLifeDate'",
    ),
    (
        {"features": [{"name": "SecurityType", "value": "Vault"}]},
        "The value 'Vault' of feature SecurityType is invalid.",
    ),
]


@pytest.mark.parametrize(("change", "text"), BAD, ids=[text[:50] for _, text in BAD])
def test_a_bad_definition_is_refused(yard: Yard, change: dict[str, Any], text: str) -> None:
    path = f"{gallery(yard)}/images/debian"
    properties = {k: v for k, v in (DEFINITION["properties"] | change).items() if v is not None}
    found = yard.refused(yard.wire("PUT", path, DEFINITION | {"properties": properties}))
    assert found[:2] == (400, "InvalidParameter")
    assert found[2].startswith(text)
    assert yard.wire("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("change", "prop"),
    [
        ({"osType": "Windows"}, "osType"),
        ({"osState": "Specialized"}, "osState"),
        ({"hyperVGeneration": "V1"}, "hyperVGeneration"),
        ({"identifier": {"publisher": "us", "offer": "debian", "sku": "13"}}, "identifier.sku"),
    ],
)
def test_what_a_definition_is_cannot_change(yard: Yard, change: dict[str, Any], prop: str) -> None:
    path = definition(yard, gallery(yard))
    for method in ("PUT", "PATCH"):
        body = {"location": "westeurope", "properties": DEFINITION["properties"] | change}
        found = yard.refused(yard.wire(method, path, body))
        assert found[:2] == (409, "PropertyChangeNotAllowed")
        assert found[2] == f"Changing property 'galleryImage.properties.{prop}' is not allowed."


def test_what_describes_a_definition_can_change(yard: Yard) -> None:
    path = definition(yard, gallery(yard))
    response = yard.wire("PATCH", path, {"properties": {"description": "better"}, "tags": {"a": "b"}})
    assert response.status_code == 200
    assert response.json()["properties"]["provisioningState"] == "Updating"
    yard.done(response)
    found = yard.get(path)
    assert (found["properties"]["description"], found["tags"]) == ("better", {"a": "b"})


def test_a_definition_needs_its_gallery(yard: Yard) -> None:
    path = yard.path("galleries", "ghost") + "/images/debian"
    found = yard.refused(yard.wire("PUT", path, DEFINITION))
    assert found[:2] == (404, "ParentResourceNotFound")
    assert "Parent resource 'ghost' not found" in found[2]


def test_galleries_go_after_their_definitions(yard: Yard) -> None:
    shelf = gallery(yard)
    path = definition(yard, shelf)
    found = yard.refused(yard.wire("DELETE", shelf))
    assert found == (
        409,
        "CannotDeleteResource",
        "Can not delete resource before nested resources are deleted.",
    )
    response = yard.wire("DELETE", path)
    assert response.status_code == 202 and "Location" in response.headers
    yard.done(response)
    yard.done(yard.wire("DELETE", shelf))
    assert yard.wire("GET", shelf).status_code == 404
    assert yard.wire("DELETE", shelf).status_code == 204


def test_sharing_is_not_pretended(yard: Yard) -> None:
    shelf = gallery(yard)
    assert yard.refused(yard.wire("POST", f"{shelf}/share", {"operationType": "EnableCommunity"}))[0] == 501
    body = {"location": "westeurope", "properties": {"sharingProfile": {"permissions": "Community"}}}
    assert yard.refused(yard.wire("PUT", shelf, body))[0] == 501


def test_lists_show_galleries_and_definitions(yard: Yard) -> None:
    shelf = gallery(yard)
    path = definition(yard, shelf)
    assert [one["id"] for one in yard.get(f"{shelf}/images")["value"]] == [path]
    assert [one["id"] for one in yard.get(shelf.rsplit("/", 1)[0])["value"]] == [shelf]
    every = yard.get(f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Compute/galleries")[
        "value"
    ]
    assert shelf in [one["id"] for one in every]


def test_a_gallery_is_changed_and_shows_succeeded_at_once(yard: Yard) -> None:
    shelf = gallery(yard, description="old")
    response = yard.wire("PATCH", shelf, {"properties": {"description": "new"}, "tags": {"a": "b"}})
    assert response.status_code == 200
    assert response.json()["properties"]["provisioningState"] == "Succeeded"
    yard.done(response)
    found = yard.get(shelf)
    assert (found["properties"]["description"], found["tags"]) == ("new", {"a": "b"})
    again = yard.wire("PUT", shelf, {"location": "westeurope", "properties": {"description": "newest"}})
    assert again.status_code == 200
    yard.done(again)
    assert yard.get(shelf)["properties"]["identifier"] == found["properties"]["identifier"]


@pytest.mark.parametrize("name", ["-debian", "debian.", "debian_"])
def test_a_definitions_name_begins_and_ends_well(yard: Yard, name: str) -> None:
    found = yard.refused(yard.wire("PUT", f"{gallery(yard)}/images/{name}", DEFINITION))
    assert found[2].startswith(f"The entity name '{name}' is invalid according to its validation rule")
