"""A run's record in a blob container, so that any worker can go on with it, and everybody can read it.

The log is an append blob: a block per event, there when the call returns. A lease on that very blob is the
lock: only its holder can append, so a worker that lost its lease (its machine slept, its network was gone)
cannot write into a run that another has taken over. A lease ends a minute after its holder died.

The calls are synchronous, as a record's are: an event is a few milliseconds to a storage account of the same
region. Nothing secret is ever in a record; the keys of a run stay on the computer that made them.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobLeaseClient, ContainerClient

from factory.azure.connection import Connection, build_sync_credential
from factory.errors import RecordUnusable, RunInUse
from factory.record_directory import EVENTS, this_process

LEASE_SECONDS = 60
_LEASES: dict[str, BlobLeaseClient] = {}
"""The leases that this process holds, by the address of the log."""
_CONTAINERS: dict[tuple[object, ...], ContainerClient] = {}


class ContainerStore:
    """The blobs `RUN/…` of a container."""

    def __init__(self, container: ContainerClient, run_id: str) -> None:
        self._container, self._run_id = container, run_id
        self.where = f"{_address(container)}/{run_id}"

    def append(self, line: bytes) -> None:
        """Append a block; by the holder of the lease, where there is one."""
        with self._speaking():
            blob, lease = self._blob(EVENTS), _LEASES.get(self.where)
            try:
                blob.append_block(line, lease=lease)
            except ResourceNotFoundError:
                self._make_log(blob)
                blob.append_block(line, lease=lease)

    def log(self) -> bytes:
        """The log so far."""
        return self.get(EVENTS) or b""

    def put(self, name: str, body: bytes) -> None:
        """Upload whole: a reader sees the old document or the new one."""
        with self._speaking():
            self._blob(name).upload_blob(body, overwrite=True)

    def get(self, name: str) -> bytes | None:
        """Download a document."""
        with self._speaking():
            try:
                return self._blob(name).download_blob().readall()
            except ResourceNotFoundError:
                return None

    def remove(self, name: str) -> None:
        """Delete a document."""
        with self._speaking(), suppress(ResourceNotFoundError):
            self._blob(name).delete_blob()

    def names(self) -> list[str]:
        """The names of all documents."""
        prefix = f"{self._run_id}/"
        with self._speaking():
            found = [blob.name for blob in self._container.list_blobs(name_starts_with=prefix)]
        return sorted(name.removeprefix(prefix) for name in found if name.endswith(".json"))

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Lease the log, and renew the lease until the context ends."""
        with self._speaking():
            blob = self._blob(EVENTS)
            if not blob.exists():
                self._make_log(blob)
            lease = self._lease(blob)
        ended = threading.Event()
        renewer = threading.Thread(
            target=_renew, args=(lease, ended), name=f"lease-{self._run_id}", daemon=True
        )
        renewer.start()
        _LEASES[self.where] = lease
        try:
            yield
        finally:
            ended.set()
            renewer.join()
            del _LEASES[self.where]
            with suppress(SdkError):  # else it ends by itself
                lease.release()

    def is_claimed(self) -> bool:
        """Look whether the log is leased."""
        with self._speaking():
            try:
                return bool(self._blob(EVENTS).get_blob_properties().lease.status == "locked")
            except ResourceNotFoundError:
                return False

    def _lease(self, blob: BlobClient) -> BlobLeaseClient:
        try:
            lease = blob.acquire_lease(LEASE_SECONDS)
        except ResourceExistsError as error:
            holder = (blob.get_blob_properties().metadata or {}).get("holder", "another process")
            raise RunInUse(
                self._run_id, f"{holder} (one that died frees the run within {LEASE_SECONDS} s)"
            ) from error
        blob.set_blob_metadata({"holder": this_process()}, lease=lease)
        return lease

    def _make_log(self, blob: BlobClient) -> None:
        with suppress(ResourceExistsError):
            blob.create_append_blob(match_condition=MatchConditions.IfMissing)

    def _blob(self, name: str) -> BlobClient:
        return self._container.get_blob_client(f"{self._run_id}/{name}")

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except SdkError as error:
            raise RecordUnusable(self.where, error) from error


def open_container(address: str, env: Mapping[str, str]) -> ContainerClient:
    """The container at this address. A SAS in the address is used; else the identity of the environment.

    One client for all records of a process: each would ask for a token of its own.
    """
    key = (address, *sorted(pair for pair in env.items() if pair[0].startswith(("AZURE_", "GOLDEN_"))))
    if key not in _CONTAINERS:
        _CONTAINERS[key] = _make_client(address, env)
    return _CONTAINERS[key]


def _make_client(address: str, env: Mapping[str, str]) -> ContainerClient:
    options: dict[str, Any] = {}
    if env.get("GOLDEN_CA_BUNDLE"):
        options["connection_verify"] = env["GOLDEN_CA_BUNDLE"]
    if not urlsplit(address).query:
        options["credential"] = build_sync_credential(Connection.from_environment(env), env)
    return ContainerClient.from_container_url(address, **options)


def list_container(container: ContainerClient) -> list[str]:
    """The IDs of all runs in a container, oldest first."""
    try:
        found = list(container.walk_blobs(delimiter="/"))
    except SdkError as error:
        raise RecordUnusable(_address(container), error) from error
    return sorted(blob.name.rstrip("/") for blob in found if blob.name.endswith("/"))


def _renew(lease: BlobLeaseClient, ended: threading.Event) -> None:
    """A renewal that fails is tried again; whether the lease is lost is found out by the next append."""
    while not ended.wait(LEASE_SECONDS / 4):
        with suppress(HttpResponseError, SdkError):
            lease.renew()


def _address(container: ContainerClient) -> str:
    """The address without a signature."""
    return str(container.url).split("?")[0]
