"""Page blobs of a container: the content of a disk there, by blocks of 4 MiB, and a checksum of it.

A disk is mostly holes, so only blocks in which pages were written are ever read. The checksum must not
depend on how a service tells its page ranges apart, nor on the order in which blocks come: it is the SHA-256
of a text with the size in bytes on the first line, and on a line each `OFFSET SHA256` of every whole block
that is not all zeros, by offset. So it can be computed from a downloaded VHD too.

Every read and write carries a checksum of its own (`validate_content`), which catches what the network
breaks. Whether the service kept what it took is only shown by reading it again: `read_checksum`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from azure.storage.blob.aio import BlobClient, ContainerClient

from factory.azure.connection import Connection, build_credential

T = TypeVar("T")
Span = tuple[int, int]
"""The first byte, and the one after the last."""

BLOCK = 4 << 20
"""What a service reads and computes a checksum of in one request, at the most."""
_LARGEST_BODY = 1 << 20
"""What aiohttp sends without complaining that it keeps the event loop from other work."""
WORKERS = 8
"""Requests of one blob at a time: more than that, and the service slows them down."""

_RETRIES: dict[str, Any] = {"retry_total": 5, "initial_backoff": 1, "increment_base": 2}


@asynccontextmanager
async def open_container(
    address: str, connection: Connection, env: Mapping[str, str]
) -> AsyncIterator[ContainerClient]:
    """The container at this address, for the identity of the environment. No request is sent yet."""
    async with (
        build_credential(connection, env) as credential,
        ContainerClient.from_container_url(
            address, credential=credential, **_RETRIES, **_trust(connection)
        ) as container,
    ):
        yield container


def open_lent(address: str, connection: Connection) -> BlobClient:
    """The blob behind a signature; use as a context. Do not print it: it knows its address."""
    return BlobClient.from_blob_url(address, **_RETRIES, **_trust(connection))


def _trust(connection: Connection) -> dict[str, Any]:
    return {"connection_verify": str(connection.ca_bundle)} if connection.ca_bundle else {}


def cut_into_blocks(ranges: Iterable[Span]) -> dict[int, Span]:
    """By the offset of each block that something is written in: from the first to the last of it. Pure."""
    found: dict[int, Span] = {}
    for first, end in ranges:
        for at in range(first // BLOCK * BLOCK, end, BLOCK):
            one = max(first, at), min(end, at + BLOCK)
            before = found.get(at, one)
            found[at] = min(before[0], one[0]), max(before[1], one[1])
    return found


async def list_blocks(blob: BlobClient) -> dict[int, Span]:
    """What is written in a blob, as `cut_into_blocks` has it."""
    pages = [page async for page in blob.list_page_ranges() if not page.cleared]
    return cut_into_blocks((int(page["start"]), int(page["end"]) + 1) for page in pages)


async def read_block(blob: BlobClient, at: int, span: Span | None, size: int) -> bytes:
    """A whole block of a blob of this size; without a span nothing was written in it, and it is zeros."""
    whole = min(BLOCK, size - at)
    if span is None:
        return bytes(whole)
    first, end = span
    stream = await blob.download_blob(first, end - first, validate_content=True)
    return (bytes(first - at) + await stream.readall()).ljust(whole, b"\0")


async def write_block(blob: BlobClient, at: int, span: Span, content: bytes) -> None:
    """Write a part of a block, whose whole content is given."""
    first, end = span
    for begin in range(first, end, _LARGEST_BODY):
        length = min(_LARGEST_BODY, end - begin)
        piece = content[begin - at : begin - at + length]
        await blob.upload_page(piece, offset=begin, length=length, validate_content=True)


def checksum_of_block(content: bytes) -> str | None:
    """The SHA-256 of a block; `None` for one of zeros, which is as good as not there."""
    return hashlib.sha256(content).hexdigest() if content.count(0) != len(content) else None


def checksum_of_blob(size: int, blocks: Mapping[int, str | None]) -> str:
    """The checksum of the whole, by the checksums of its blocks. Pure."""
    told = [f"{size}\n", *(f"{at} {blocks[at]}\n" for at in sorted(blocks) if blocks[at] is not None)]
    return hashlib.sha256("".join(told).encode()).hexdigest()


async def read_checksum(blob: BlobClient, size: int, check: Callable[[], None]) -> str:
    """Read all that is written in a blob, and compute its checksum. `check` is called before each request."""
    spans, found = await list_blocks(blob), dict[int, str | None]()

    async def read(at: int) -> None:
        check()
        found[at] = checksum_of_block(await read_block(blob, at, spans[at], size))

    await for_each(sorted(spans), read, WORKERS)
    return checksum_of_blob(size, found)


async def for_each(items: Iterable[T], do: Callable[[T], Awaitable[None]], workers: int) -> None:
    """Do it for each, some at a time. The first failure stops all the others and is raised."""
    left = iter(items)

    async def work() -> None:
        for item in left:
            await do(item)

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
