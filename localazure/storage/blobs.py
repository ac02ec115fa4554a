"""The blob service as the local Azure itself uses it: as a client, with an account's key."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from localazure.storage import accounts
from localazure.storage.azurite import Azurite
from localazure.storage.sas import account_sas

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

_SECONDS = 60.0
_CHUNK = 4 << 20


@dataclass(frozen=True)
class BlobRef:
    """A blob of an account of ours."""

    account: str
    container: str
    name: str


def locate(uri: str) -> BlobRef | None:
    """Read a blob's address: with the account in the path, as ours, or in the host, as Azure's."""
    parts = urlsplit(uri)
    steps = [unquote(step) for step in parts.path.strip("/").split("/")]
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return None
    account, dot, rest = parts.hostname.partition(".")
    if dot and rest.startswith("blob."):
        steps = [account, *steps]
    if len(steps) < 3 or not all(steps):
        return None
    return BlobRef(steps[0], steps[1], "/".join(steps[2:]))


@dataclass(frozen=True)
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """One account, over TLS, with a signature of a few minutes."""

    def __init__(self, world: World, account: Document) -> None:
        until = world.clock.now() + timedelta(minutes=30)
        self._port = world.part(Azurite).port
        self._account = account["name"]
        self._trust = ssl.create_default_context(cafile=str(world.config.state / "ca.pem"))
        self._sas = account_sas(
            account["name"], accounts.keys_of(account)[0], expiry=f"{until:%Y-%m-%dT%H:%M:%SZ}"
        )

    def ask(self, method: str, path: str, query: str = "", **headers: str) -> Answer:
        """One request; blocks."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self._port, timeout=_SECONDS, context=self._trust
        )
        named = {"x-ms-version": "2022-11-02", "Content-Length": "0"} if method == "PUT" else {}
        try:
            where = f"/{self._account}/{quote(path)}?{query and query + '&'}{self._sas}"
            connection.request(method, where, headers=named | headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def containers(self) -> list[str]:
        """The names of all containers."""
        tree = ET.fromstring(self.ask("GET", "", "comp=list").body)  # noqa: S314 - Azurite's own
        return [node.text or "" for node in tree.iterfind(".//Container/Name")]

    def pages(self, path: str) -> Iterator[tuple[int, int]]:
        """First and last byte of each stretch of a page blob that was written."""
        tree = ET.fromstring(self.ask("GET", path, "comp=pagelist").body)  # noqa: S314 - Azurite's own
        for node in tree.iterfind(".//PageRange"):
            yield int(node.findtext("Start") or 0), int(node.findtext("End") or 0)

    def download_pages(self, path: str, size: int, target: Path) -> None:
        """Write the first `size` bytes of a page blob to a sparse file; blocks."""
        with target.open("xb") as file:
            file.truncate(size)
            for begin, end in self.pages(path):
                for at in range(begin, min(end + 1, size), _CHUNK):
                    last = min(at + _CHUNK, end + 1, size) - 1
                    file.seek(at)
                    file.write(self.ask("GET", path, **{"x-ms-range": f"bytes={at}-{last}"}).body)


async def client_of(world: World, account: Document) -> Client:
    """A client of an account, once the blob service runs."""
    await world.part(Azurite).ensure()
    return Client(world, account)


async def empty(world: World, account: Document) -> None:
    """Remove all that is in an account."""
    client = await client_of(world, account)
    for name in await asyncio.to_thread(client.containers):
        await asyncio.to_thread(client.ask, "DELETE", name, "restype=container")
