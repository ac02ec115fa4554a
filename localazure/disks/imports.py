"""Disks and snapshots made from a VHD that lies as a page blob in a storage account."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError, not_found
from localazure.arm.ids import ResourceId
from localazure.compute.errors import invalid_parameter, missing_parameter
from localazure.compute.hosts import host_failed
from localazure.disks import errors, vhd
from localazure.guests.base import GuestError
from localazure.storage import accounts, blobs

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World


def check(world: World, creation: dict[str, Any]) -> None:
    """The blob's address is one of an account that exists, and of the account that is named."""
    _account(world, creation)


def _account(world: World, creation: dict[str, Any]) -> tuple[Document, blobs.BlobRef]:
    uri = creation.get("sourceUri")
    if not uri:
        raise missing_parameter("creationData.sourceUri")
    ref = blobs.locate(str(uri))
    if ref is None:
        raise invalid_parameter(
            f"Blob URI {uri} is not in the correct format for a disk import.", target="creationData.sourceUri"
        )
    account = accounts.find(world, ref.account)
    named = creation.get("storageAccountId")
    if named is not None:
        account = _named(world, str(named))
        if account["name"] != ref.account:
            raise invalid_parameter(
                f"Source blob {uri} does not belong to storage account {named}.",
                target="creationData.storageAccountId",
            )
    if account is None:
        raise missing_parameter("creationData.storageAccountId")
    return account, ref


def _named(world: World, text: str) -> Document:
    try:
        rid = ResourceId.parse(text)
    except ValueError:
        raise invalid_parameter(
            f"Id {text} is not a valid resource reference.", target="creationData.storageAccountId"
        ) from None
    account = world.store.get(rid)
    if account is None or rid.type.lower() != accounts.ACCOUNTS.lower():
        raise not_found(rid)
    return account


async def content_of(world: World, creation: dict[str, Any], draft: Path) -> tuple[str, int]:
    """The content of the blob, by way of a file, and the GiB that it needs."""
    account, ref = _account(world, creation)
    client = await blobs.client_of(world, account)
    path = f"{ref.container}/{ref.name}"
    head = await asyncio.to_thread(client.ask, "HEAD", path)
    if head.status == 404:
        raise ArmError(  # documented code, assumed text
            404, "BlobNotFound", f"The source blob {creation['sourceUri']} does not exist."
        )
    size = int(head.headers.get("content-length", "0")) - vhd.FOOTER
    if head.headers.get("x-ms-blob-type") != "PageBlob" or size <= 0 or size % vhd.MIB:
        raise errors.no_vhd()
    last = await asyncio.to_thread(
        client.ask, "GET", path, **{"x-ms-range": f"bytes={size}-{size + vhd.FOOTER - 1}"}
    )
    if vhd.disk_bytes(last.body) != size:
        raise errors.no_vhd()
    await asyncio.to_thread(client.download_pages, path, size, draft)
    os.truncate(draft, vhd.gigabytes(size) << 30)
    try:
        return await world.guests.read_raw(draft), vhd.gigabytes(size)
    except GuestError as error:
        raise host_failed(error) from error
