"""A storage account, and what tests do with it over and over."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from typing import Any

import requests
from azure.storage.blob import BlobServiceClient, ContainerClient

from tests.localazure.conftest import Wire
from tests.localazure.machines import Yard

GIB = 1 << 30
BODY = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


def account_path(yard: Yard, name: str) -> str:
    return f"{yard.group}/providers/Microsoft.Storage/storageAccounts/{name}"


def settle(wire: Wire, response: requests.Response) -> requests.Response:
    """Follow a Location to what it comes to, as clients of this provider do."""
    end = time.monotonic() + 30
    while response.status_code == 202:
        assert time.monotonic() < end
        response = wire("GET", response.headers["Location"])
        time.sleep(0.02)
    return response


def keys_of(wire: Wire, path: str) -> list[str]:
    return [key["value"] for key in wire("POST", f"{path}/listKeys").json()["keys"]]


@dataclass
class Shelf:
    """An account with a client of it."""

    yard: Yard
    path: str
    document: dict[str, Any]

    @classmethod
    def create(cls, yard: Yard, name: str, **more: Any) -> Shelf:
        path = account_path(yard, name)
        answer = settle(yard.wire, yard.wire("PUT", path, BODY | more))
        assert answer.status_code == 200, answer.text
        return cls(yard, path, answer.json())

    @property
    def endpoint(self) -> str:
        return str(self.document["properties"]["primaryEndpoints"]["blob"])

    def client(self, credential: Any = None, **options: Any) -> BlobServiceClient:
        credential = credential or keys_of(self.yard.wire, self.path)[0]
        trust = self.yard.cloud.ca
        return BlobServiceClient(
            self.endpoint.rstrip("/"), credential, connection_verify=trust, retry_total=0, **options
        )

    def container(self, client: BlobServiceClient, name: str = "") -> ContainerClient:
        return client.create_container(name or f"c{os.urandom(4).hex()}")


def fixed_vhd(size: int) -> bytes:
    """The footer that such a disk of so many bytes has, by the format's public specification."""
    fields = struct.pack(
        ">8sIIQI4sI4sQQIIII16sB",
        *(b"conectix", 2, 0x10000, 2**64 - 1, 0, b"test", 1, b"Wi2k", size, size, 0, 2, 0, 0, bytes(16), 0),
    )
    checksum = (~sum(fields)) & 0xFFFFFFFF
    return (fields[:64] + struct.pack(">I", checksum) + fields[68:]).ljust(512, b"\0")
