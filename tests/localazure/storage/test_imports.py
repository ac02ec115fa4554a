"""A disk leaves through its signature, lies as a VHD in a storage account, and becomes a disk again."""

from __future__ import annotations

from typing import Any

import pytest
from azure.storage.blob import BlobClient, ContainerClient

from tests.localazure.disks.test_access import lend, take_back, written
from tests.localazure.machines import Yard
from tests.localazure.storage.shelves import Shelf, fixed_vhd

MIB = 1 << 20


@pytest.fixture
def container(shelf: Shelf) -> Any:
    with shelf.client() as client, shelf.container(client) as found:
        yield found


def copy_pages(source: BlobClient, target: BlobClient) -> None:
    target.create_page_blob(source.get_blob_properties().size)
    for begin, length in written(source):
        target.upload_page(source.download_blob(begin, length).readall(), offset=begin, length=length)


def import_body(uri: str, account: str | None, **properties: Any) -> dict[str, Any]:
    creation = {"createOption": "Import", "sourceUri": uri}
    if account is not None:
        creation["storageAccountId"] = account
    return {
        "location": "westeurope",
        "properties": {"creationData": creation, "osType": "Linux"} | properties,
    }


def test_a_disk_comes_back_from_a_storage_account(
    yard: Yard, shelf: Shelf, container: ContainerClient
) -> None:
    disk = yard.disk("disk", diskSizeGB=2)
    yard.write(disk, name="kept elsewhere")
    with BlobClient.from_blob_url(lend(yard, disk), connection_verify=yard.cloud.ca) as source:
        blob = container.get_blob_client("backup/disk.vhd")
        copy_pages(source, blob)
    take_back(yard, disk)
    uri = f"{shelf.endpoint}{container.container_name}/backup/disk.vhd"
    path = yard.path("disks", "back")
    yard.done(yard.wire("PUT", path, import_body(uri, shelf.document["id"], diskSizeGB=4)))
    found = yard.get(path)
    assert found["properties"]["diskSizeGB"] == 4
    assert found["properties"]["creationData"]["sourceUri"] == uri
    assert yard.files(path) == {"name": "kept elsewhere"}
    yard.done(yard.wire("PUT", yard.path("snapshots", "s"), import_body(uri, None)))
    assert yard.get(yard.path("snapshots", "s"))["properties"]["diskSizeGB"] == 2
    small = yard.failed(yard.wire("PUT", yard.path("disks", "small"), import_body(uri, None, diskSizeGB=1)))
    assert "smaller than the size of the source" in small["message"]
    assert yard.wire("GET", yard.path("disks", "small")).status_code == 404
    by_name = (
        f"https://{shelf.document['name']}.blob.core.windows.net/{container.container_name}/backup/disk.vhd"
    )
    yard.done(yard.wire("PUT", yard.path("disks", "named"), import_body(by_name, shelf.document["id"])))


@pytest.mark.parametrize("case", ["no footer", "block blob", "odd size", "other footer"])
def test_only_a_vhd_is_imported(yard: Yard, shelf: Shelf, container: ContainerClient, case: str) -> None:
    blob = container.get_blob_client("disk.vhd")
    if case == "block blob":
        blob.upload_blob(bytes(20 * MIB) + fixed_vhd(20 * MIB))
    else:
        blob.create_page_blob(20 * MIB + (1024 if case == "odd size" else 512))
    if case == "other footer":
        blob.upload_page(fixed_vhd(21 * MIB), offset=20 * MIB, length=512)
    uri = f"{shelf.endpoint}{container.container_name}/disk.vhd"
    contents = set(yard.look()["contents"])
    error = yard.failed(yard.wire("PUT", yard.path("disks", "d"), import_body(uri, shelf.document["id"])))
    assert error["message"] == "Only blobs formatted as VHDs can be imported."
    assert yard.wire("GET", yard.path("disks", "d")).status_code == 404
    assert set(yard.look()["contents"]) == contents


def test_an_import_needs_its_blob_and_its_account(yard: Yard, shelf: Shelf) -> None:
    uri = f"{shelf.endpoint}nowhere/disk.vhd"
    path = yard.path("disks", "d")
    error = yard.failed(yard.wire("PUT", path, import_body(uri, shelf.document["id"])))
    assert error["code"] == "BlobNotFound"
    ghost = shelf.document["id"].replace(shelf.document["name"], "ghost")
    assert yard.refused(yard.wire("PUT", path, import_body(uri, ghost)))[:2] == (404, "ResourceNotFound")
    other = uri.replace(shelf.document["name"], "another")
    found = yard.refused(yard.wire("PUT", path, import_body(other, shelf.document["id"])))
    assert found[:2] == (400, "InvalidParameter")
    assert yard.refused(yard.wire("PUT", path, import_body(other, None)))[:2] == (400, "InvalidParameter")
