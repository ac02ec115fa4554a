"""Storage accounts by the resource manager, and their keys on the blob service itself."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobType, ContainerClient

from tests.localazure.machines import Yard
from tests.localazure.storage.conftest import until
from tests.localazure.storage.shelves import BODY, GIB, Shelf, account_path, keys_of, settle


def test_an_account_is_accepted_first_and_shows_its_endpoint_when_it_is_there(yard: Yard) -> None:
    name = f"a{uuid4().hex[:10]}"
    path = account_path(yard, name)
    response = yard.wire("PUT", path, BODY)
    assert (response.status_code, response.text) == (202, "")
    assert (
        "/providers/Microsoft.Storage/locations/westeurope/asyncoperations/" in response.headers["Location"]
    )
    found = settle(yard.wire, response).json()
    assert found["properties"]["provisioningState"] == "Succeeded"
    assert found["properties"]["primaryEndpoints"]["blob"].endswith(f"/{name}/")
    assert found["sku"] == {"name": "Standard_LRS", "tier": "Standard"}
    assert found == yard.wire("GET", path).json()
    listed = yard.wire("GET", path.rsplit("/", 1)[0]).json()["value"]
    assert [one["name"] for one in listed] == [name]
    assert "_keys" not in json.dumps(listed)
    changed = yard.wire("PATCH", path, {"tags": {"a": "b"}, "properties": {"accessTier": "Cool"}})
    assert (changed.status_code, changed.json()["tags"]) == (200, {"a": "b"})
    assert yard.wire("GET", path).json()["properties"]["accessTier"] == "Cool"
    assert yard.wire("DELETE", path).status_code == 200
    assert yard.wire("DELETE", path).status_code == 204


def test_every_kind_of_blob_is_written_and_read_with_a_key_over_tls(shelf: Shelf) -> None:
    with shelf.client() as client, shelf.container(client) as container:
        text = container.upload_blob("notes/one.txt", b"text")
        log = container.get_blob_client("events")
        log.create_append_blob()
        log.append_block(b"first\n")
        log.append_block(b"second\n")
        disk = container.get_blob_client("disk.vhd")
        disk.create_page_blob(30 * GIB)
        disk.upload_page(b"x" * 512, offset=GIB, length=512)
        assert text.download_blob().readall() == b"text"
        assert log.download_blob().readall() == b"first\nsecond\n"
        assert disk.download_blob(GIB - 1, 3).readall() == b"\0xx"
        assert {blob.name: blob.blob_type for blob in container.list_blobs()} == {
            "notes/one.txt": BlobType.BLOCKBLOB,
            "events": BlobType.APPENDBLOB,
            "disk.vhd": BlobType.PAGEBLOB,
        }


def test_a_token_opens_it_too_and_a_wrong_key_does_not(shelf: Shelf) -> None:
    with shelf.yard.cloud.credential() as credential, shelf.client(credential) as client:
        shelf.container(client).upload_blob("b", b"by token")
    with shelf.client(keys_of(shelf.yard.wire, shelf.path)[1]) as client:
        assert shelf.container(client).list_blobs().next is not None
    with shelf.client("bm90IGl0cyBrZXk=") as client, pytest.raises(ClientAuthenticationError):
        shelf.container(client)


def test_a_regenerated_key_works_at_once_and_the_old_one_no_longer(yard: Yard) -> None:
    shelf = Shelf.create(yard, f"r{uuid4().hex[:8]}")
    old, other = keys_of(yard.wire, shelf.path)
    with shelf.client(old) as client:
        shelf.container(client, "before")
    response = yard.wire("POST", f"{shelf.path}/regenerateKey", {"keyName": "key1"})
    new, still = (key["value"] for key in response.json()["keys"])
    assert new != old and still == other
    with shelf.client(old) as client, pytest.raises(ClientAuthenticationError):
        shelf.container(client, "old")
    with shelf.client(new) as client:
        shelf.container(client, "new")
    wrong = yard.wire("POST", f"{shelf.path}/regenerateKey", {"keyName": "key3"})
    assert yard.refused(wrong)[:2] == (400, "InvalidValuesForRequestParameters")


def test_an_account_signature_opens_what_it_says_and_no_more(shelf: Shelf) -> None:
    wanted = {
        "signedServices": "b",
        "signedResourceTypes": "sco",
        "signedPermission": "rl",
        "signedExpiry": "2036-01-01T00:00:00Z",
    }
    answer = shelf.yard.wire("POST", f"{shelf.path}/ListAccountSas", wanted)
    with shelf.client() as client:
        name = shelf.container(client).container_name
    with shelf.client(answer.json()["accountSasToken"]) as client:
        found: ContainerClient = client.get_container_client(name)
        assert list(found.list_blobs()) == []
        with pytest.raises(HttpResponseError) as refusal:
            found.upload_blob("b", b"")
    assert refusal.value.status_code == 403


def test_containers_by_the_resource_manager_are_those_of_the_blob_service(shelf: Shelf) -> None:
    wire, path = shelf.yard.wire, f"{shelf.path}/blobServices/default/containers"
    assert wire("PUT", f"{path}/made-by-arm", {}).status_code == 201
    assert wire("PUT", f"{path}/made-by-arm", {}).status_code == 200
    with shelf.client() as client:
        assert client.get_container_client("made-by-arm").exists()
        assert "made-by-arm" in [one["name"] for one in wire("GET", path).json()["value"]]
        assert wire("GET", f"{path}/made-by-arm").json()["properties"]["leaseState"] == "Available"
        assert wire("DELETE", f"{path}/made-by-arm").status_code == 200
        assert not client.get_container_client("made-by-arm").exists()
    assert shelf.yard.refused(wire("GET", f"{path}/made-by-arm"))[:2] == (404, "ContainerNotFound")
    assert shelf.yard.refused(wire("PUT", f"{path}/Not_A_Name", {}))[:2] == (400, "InvalidResourceName")
    assert wire("GET", f"{shelf.path}/blobServices/default").json()["name"] == "default"


NAME_RULE = (
    "{} is not a valid storage account name. Storage account name must be between 3 and 24 characters in "
    "length and use numbers and lower-case letters only."
)


@pytest.mark.parametrize("name", ["ab", "a" * 25, "Upper", "with-dash", "dot.ted"])
def test_bad_names_are_refused_and_said_to_be_so_beforehand(yard: Yard, name: str) -> None:
    found = yard.refused(yard.wire("PUT", account_path(yard, name), BODY))
    assert found == (400, "AccountNameInvalid", NAME_RULE.format(name))
    assert _available(yard, name) == {
        "nameAvailable": False,
        "reason": "AccountNameInvalid",
        "message": NAME_RULE.format(name),
    }


def _available(yard: Yard, name: str) -> Any:
    path = f"/subscriptions/{yard.cloud.subscription}/providers/Microsoft.Storage/checkNameAvailability"
    return yard.wire("POST", path, {"name": name, "type": "Microsoft.Storage/storageAccounts"}).json()


def test_a_name_is_taken_for_every_group(yard: Yard, shelf: Shelf) -> None:
    taken = shelf.document["name"]
    assert yard.refused(yard.wire("PUT", account_path(yard, taken), BODY))[:2] == (
        409,
        "StorageAccountInAnotherResourceGroup",
    )
    answer = _available(yard, taken)
    assert answer["reason"] == "AlreadyExists"
    assert answer["message"] == f"The storage account named {taken} is already taken."
    assert _available(yard, "nobodyhasthis") == {"nameAvailable": True}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "Blobs"}, "InvalidValuesForRequestParameters"),
        ({"sku": {"name": "Standard_XRS"}}, "InvalidValuesForRequestParameters"),
        ({"kind": "BlockBlobStorage"}, "AccountPropertyIsInvalid"),
        ({"kind": "BlobStorage"}, "AccountPropertyIsInvalid"),
        ({"kind": None}, "InvalidRequestPropertyName"),
        ({"sku": None}, "InvalidRequestPropertyName"),
        ({"properties": {"accessTier": "Lukewarm"}}, "InvalidValuesForRequestParameters"),
        ({"properties": {"colour": "red"}}, "InvalidRequestContent"),
        ({"properties": {"isHnsEnabled": "yes"}}, "InvalidRequestContent"),
        ({"location": "atlantis"}, "LocationNotAvailableForResourceType"),
    ],
)
def test_a_bad_account_is_refused_and_leaves_nothing(yard: Yard, change: dict[str, Any], code: str) -> None:
    path = account_path(yard, f"bad{uuid4().hex[:8]}")
    assert yard.refused(yard.wire("PUT", path, BODY | change))[:2] == (400, code)
    assert yard.wire("GET", path).status_code == 404


def test_what_an_account_is_stays_so(shelf: Shelf) -> None:
    for change in (
        {"sku": {"name": "Premium_LRS"}},
        {"kind": "BlobStorage"},
        {"properties": {"isHnsEnabled": True}},
    ):
        response = shelf.yard.wire("PUT", shelf.path, BODY | change)
        if "properties" in change:
            assert response.status_code == 200  # it was never said before
        else:
            assert shelf.yard.refused(response)[:2] == (409, "AccountPropertyCannotBeUpdated"), change


def test_a_group_takes_its_accounts_and_their_blobs_with_it(yard: Yard) -> None:
    shelf = Shelf.create(yard, "takenalong")
    with shelf.client() as client:
        shelf.container(client, "kept").upload_blob("secret", b"old")
    settle(yard.wire, yard.wire("DELETE", yard.group))
    assert yard.wire("PUT", yard.group, {"location": "westeurope"}).status_code == 201
    again = Shelf.create(yard, "takenalong")
    with again.client() as client, pytest.raises(ResourceNotFoundError):
        client.get_blob_client("kept", "secret").download_blob()


def _azurite(shelf: Shelf) -> int:
    facts = json.loads((shelf.yard.cloud.state / "blobs/process.json").read_text())
    return int(facts["pid"])


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_blobs_survive_the_servers_kill_and_no_process_does(own_shelf: Shelf) -> None:
    cloud, first = own_shelf.yard.cloud, _azurite(own_shelf)
    with own_shelf.client() as client:
        own_shelf.container(client, "kept").upload_blob("b", b"acknowledged")
        cloud.stop(signal.SIGKILL)
        until(lambda: not _alive(first))
        cloud.start()
        second = _azurite(own_shelf)
        assert second != first
        assert client.get_blob_client("kept", "b").download_blob().readall() == b"acknowledged"

        os.kill(second, signal.SIGTERM)
        until(lambda: _alive(_azurite(own_shelf)) and _azurite(own_shelf) != second)
        third = _azurite(own_shelf)
        until(lambda: _answers(client))
        assert client.get_blob_client("kept", "b").download_blob().readall() == b"acknowledged"
    assert cloud.stop() == 0
    assert not _alive(third)


def _answers(client: Any) -> bool:
    try:
        return bool(client.get_account_information())
    except HttpResponseError:
        return True
    except Exception:
        return False


def test_without_azurite_one_line_says_how_to_get_it(
    own_cloud: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from tests.localazure.yards import MEMORY, open_yard

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    own_cloud.guest = MEMORY
    yard = open_yard(own_cloud.start())
    with yard.wire.session:
        found = yard.refused(yard.wire("PUT", account_path(yard, "nothing"), BODY))
        assert found[:2] == (501, "NotImplemented")
        assert "python -m localazure install-storage" in found[2]
        assert yard.wire("GET", account_path(yard, "nothing")).status_code == 404
        yard.disk("and-everything-else-goes-on")
