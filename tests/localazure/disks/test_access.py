"""What the holder of a disk's access signature can do: the blob SDK reads it as a page blob, or writes it."""

from __future__ import annotations

import io
import signal
import struct
import time
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.blob import BlobClient, BlobType

from tests.localazure.disks.lives import reopened
from tests.localazure.machines import Yard
from tests.localazure.storage.shelves import GIB, fixed_vhd

MIB = 1 << 20


def lend(yard: Yard, path: str, access: str = "Read", seconds: int = 600) -> str:
    body = {"access": access, "durationInSeconds": seconds}
    status = yard.done(yard.wire("POST", f"{path}/beginGetAccess", body))
    return str(status["properties"]["output"]["accessSAS"])


def take_back(yard: Yard, path: str) -> None:
    yard.done(yard.wire("POST", f"{path}/endGetAccess"))


def blob(yard: Yard, sas: str) -> BlobClient:
    return BlobClient.from_blob_url(sas, connection_verify=yard.cloud.ca, retry_total=0)


def written(client: BlobClient) -> list[tuple[int, int]]:
    """Beginning and length of each stretch of pages."""
    return [(page["start"], page["end"] - page["start"] + 1) for page in client.list_page_ranges()]


def begins_as(content: bytes, **files: str) -> bool:
    """What the memory host writes at the beginning of a disk."""
    return all(f'"{name}": "{text}"'.encode() in content for name, text in files.items())


def test_a_disk_is_read_as_a_fixed_vhd_by_the_blob_sdk(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=2)
    yard.write(disk, name="mine")
    with blob(yard, lend(yard, disk)) as client:
        properties = client.get_blob_properties()
        assert properties.size == 2 * GIB + 512
        assert properties.blob_type == BlobType.PAGEBLOB
        ranges = written(client)
        assert ranges[0][0] == 0
        assert sum(ranges[-1]) == 2 * GIB + 512
        assert sum(length for _, length in ranges) < MIB, "nobody has to read what nobody wrote"
        head = client.download_blob(0, 4096).readall()
        assert begins_as(head, name="mine")
        assert client.download_blob(GIB, 4096, validate_content=True).readall() == bytes(4096)
        footer = client.download_blob(2 * GIB, 512).readall()
    assert footer[:8] == b"conectix"
    assert struct.unpack(">QQ", footer[40:56]) == (2 * GIB, 2 * GIB)
    checksum = ~sum(footer[:64] + bytes(4) + footer[68:]) & 0xFFFFFFFF
    assert struct.unpack(">II", footer[60:68]) == (2, checksum)


def test_a_whole_small_disk_is_downloaded_and_the_same_twice(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=1)
    with blob(yard, lend(yard, disk)) as client:
        stream: Any = _Counting()
        assert client.download_blob(max_concurrency=2).readinto(stream) == GIB + 512
        assert stream.data_bytes == GIB + 512
        first = client.download_blob(0, 4096).readall(), client.download_blob(GIB, 512).readall()
    take_back(yard, disk)
    with blob(yard, lend(yard, disk)) as client:
        assert (client.download_blob(0, 4096).readall(), client.download_blob(GIB, 512).readall()) == first


class _Counting(io.RawIOBase):
    """A file that only counts."""

    data_bytes = 0
    _at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset
        return offset

    def write(self, data: Any) -> int:
        self._at += len(data)
        self.data_bytes += len(data)
        return len(data)


def test_a_snapshot_is_lent_while_its_disk_goes_on(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=1)
    yard.write(disk, name="then")
    path = yard.path("snapshots", "s")
    creation = {"createOption": "Copy", "sourceResourceId": disk}
    body = {"location": "westeurope", "properties": {"creationData": creation}}
    yard.done(yard.wire("PUT", path, body))
    sas = lend(yard, path)
    yard.write(disk, name="now")
    with blob(yard, sas) as client:
        assert begins_as(client.download_blob(0, 4096).readall(), name="then")


def refusal(yard: Yard, sas: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    answer = requests.request(method, sas, verify=yard.cloud.ca, headers=headers, timeout=30)
    assert answer.headers["x-ms-error-code"] in answer.text
    return answer.status_code, answer.headers["x-ms-error-code"]


def test_a_signature_is_worth_nothing_once_taken_back_or_run_out(yard: Yard) -> None:
    disk = yard.disk("disk", diskSizeGB=1)
    first = lend(yard, disk)
    with blob(yard, first) as client:
        client.get_blob_properties()
        take_back(yard, disk)
        with pytest.raises(ClientAuthenticationError):
            client.get_blob_properties()
    assert refusal(yard, first) == (403, "AuthenticationFailed")
    second = lend(yard, disk, seconds=1)
    assert second != first
    end = time.monotonic() + 10
    while requests.head(second, verify=yard.cloud.ca, timeout=30).status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    answer = requests.get(second, verify=yard.cloud.ca, timeout=30)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    assert "Signature not valid in the specified time frame" in answer.text
    assert yard.get(disk)["properties"]["diskState"] == "Unattached"
    assert lend(yard, disk) != second


def test_what_a_signature_is_not_for_is_refused(yard: Yard) -> None:
    sas = lend(yard, yard.disk("disk", diskSizeGB=1))
    assert refusal(yard, sas.replace("sig=", "sig=x")) == (403, "AuthenticationFailed")
    assert refusal(yard, sas, Range=f"bytes={GIB + 512}-") == (416, "InvalidRange")
    page = {"x-ms-range": "bytes=0-511", "x-ms-page-write": "clear"}
    assert refusal(yard, f"{sas}&comp=page", "PUT", **page) == (403, "AuthorizationPermissionMismatch")
    assert refusal(yard, sas, "PUT") == (405, "UnsupportedHttpVerb")


def test_files_behind_signatures_go_with_them(yard: Yard) -> None:
    transfers = yard.cloud.state / "transfers"
    before = set(transfers.iterdir())
    disk = yard.disk("disk", diskSizeGB=1)
    with blob(yard, lend(yard, disk)) as client:
        client.download_blob(0, 512).readall()
    assert len(set(transfers.iterdir()) - before) == 1
    take_back(yard, disk)
    assert set(transfers.iterdir()) <= before


def begin_upload(yard: Yard, name: str, size: int) -> str:
    path = yard.path("disks", name)
    creation = {"createOption": "Upload", "uploadSizeBytes": size}
    body = {"location": "westeurope", "properties": {"creationData": creation, "osType": "Linux"}}
    yard.done(yard.wire("PUT", path, body))
    return path


def test_a_disk_is_uploaded_in_pages_and_is_a_disk_afterwards(yard: Yard) -> None:
    source = yard.disk("source", diskSizeGB=1)
    yard.write(source, name="travelled")
    path = begin_upload(yard, "copy", GIB + 512)
    assert yard.get(path)["properties"]["diskState"] == "ReadyToUpload"
    assert yard.get(path)["properties"]["diskSizeGB"] == 1
    with blob(yard, lend(yard, source)) as there, blob(yard, lend(yard, path, "Write")) as here:
        assert yard.get(path)["properties"]["diskState"] == "ActiveUpload"
        here.upload_page(bytes([7]) * MIB, offset=MIB, length=MIB)
        here.clear_page(offset=MIB, length=MIB)
        for begin, length in written(there):
            here.upload_page(there.download_blob(begin, length).readall(), offset=begin, length=length)
    take_back(yard, path)
    assert yard.get(path)["properties"]["diskState"] == "Unattached"
    assert yard.files(path) == {"name": "travelled"}
    snapshot = {"createOption": "Copy", "sourceResourceId": path}
    body = {"location": "westeurope", "properties": {"creationData": snapshot}}
    yard.done(yard.wire("PUT", yard.path("snapshots", "s"), body))


def test_an_upload_without_a_footer_is_refused_at_its_end_and_can_be_repaired(yard: Yard) -> None:
    size = 20 * MIB
    path = begin_upload(yard, "disk", size + 512)
    with blob(yard, lend(yard, path, "Write")) as client:
        client.upload_page(b"x" * 512, offset=0, length=512)
    error = yard.failed(yard.wire("POST", f"{path}/endGetAccess"))
    assert error["code"] == "InvalidVhd"
    assert "Disk is expected to have cookie value 'conectix'." in error["message"]
    assert yard.get(path)["properties"]["diskState"] == "ReadyToUpload"
    with blob(yard, lend(yard, path, "Write")) as client:
        client.upload_page(fixed_vhd(size), offset=size, length=512)
    take_back(yard, path)
    assert yard.get(path)["properties"]["diskState"] == "Unattached"


def test_a_disk_that_waits_for_its_bytes_is_no_use_for_anything_else(yard: Yard) -> None:
    path = begin_upload(yard, "disk", 20 * MIB + 512)
    body = {"access": "Read", "durationInSeconds": 60}
    assert yard.refused(yard.wire("POST", f"{path}/beginGetAccess", body))[0] == 409
    copy = {"createOption": "Copy", "sourceResourceId": path}
    wanted = {"location": "westeurope", "properties": {"creationData": copy}}
    assert yard.refused(yard.wire("PUT", yard.path("snapshots", "s"), wanted))[0] in (404, 409)
    attach = {"osDisk": {"createOption": "Attach", "osType": "Linux", "managedDisk": {"id": path}}}
    machine = yard.machine_body(storageProfile=attach, osProfile=None)
    assert 400 <= yard.refused(yard.wire("PUT", yard.path("virtualMachines", "vm"), machine))[0] < 500
    profile = {"osDisk": {"osType": "Linux", "osState": "Generalized", "managedDisk": {"id": path}}}
    image = {"location": "westeurope", "properties": {"storageProfile": profile, "hyperVGeneration": "V2"}}
    assert 400 <= yard.refused(yard.wire("PUT", yard.path("images", "i"), image))[0] < 500
    written = yard.disk("other", diskSizeGB=1)
    body = {"access": "Write", "durationInSeconds": 60}
    assert yard.refused(yard.wire("POST", f"{written}/beginGetAccess", body))[:2] == (
        409,
        "OperationNotAllowed",
    )
    before = set((yard.cloud.state / "transfers").iterdir())
    yard.done(yard.wire("DELETE", path))
    assert len(before - set((yard.cloud.state / "transfers").iterdir())) == 1


def test_a_signature_and_an_upload_survive_the_servers_death(own_yard: Yard) -> None:
    disk, size = own_yard.disk("disk", diskSizeGB=1), 20 * MIB
    path = begin_upload(own_yard, "upload", size + 512)
    read, write = lend(own_yard, disk), lend(own_yard, path, "Write")
    with blob(own_yard, read) as reader, blob(own_yard, write) as writer:
        head = reader.download_blob(0, 512).readall()
        writer.upload_page(b"y" * 512, offset=0, length=512)
        own_yard.cloud.stop(signal.SIGKILL)
        yard = reopened(own_yard)
        assert reader.download_blob(0, 512).readall() == head
        writer.upload_page(fixed_vhd(size), offset=size, length=512)
        assert writer.download_blob(0, 512).readall() == b"y" * 512
    take_back(yard, path)
    assert yard.get(path)["properties"]["diskState"] == "Unattached"
    yard.wire.session.close()


def test_a_disk_of_a_restore_point_is_lent_too(yard: Yard) -> None:
    vm = yard.machine("vm")
    collection = yard.path("restorePointCollections", "rpc")
    body = {"location": "westeurope", "properties": {"source": {"id": vm}}}
    yard.done(yard.wire("PUT", collection, body))
    point = f"{collection}/restorePoints/rp"
    yard.done(yard.wire("PUT", point, {"properties": {"consistencyMode": "CrashConsistent"}}))
    disks = yard.wire("GET", f"{point}/diskRestorePoints").json()["value"]
    sas = lend(yard, disks[0]["id"])
    with blob(yard, sas) as client:
        assert client.get_blob_properties().size == 30 * GIB + 512
        assert begins_as(client.download_blob(0, 4096).readall(), version="1.10.0")
    take_back(yard, disks[0]["id"])
    with blob(yard, sas) as client, pytest.raises(HttpResponseError):
        client.get_blob_properties()
