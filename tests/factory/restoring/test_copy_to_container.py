"""The copy of a backup in a storage account: equal to the byte, and completed where it is torn."""

import logging
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobClient, ContainerClient

from factory.azure import deployments
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.azure.page_blobs import BLOCK, checksum_of_blob, checksum_of_block, cut_into_blocks
from factory.backup import back_up_source
from factory.backup_container import CHECKSUM, copy_to_container, judge_container
from factory.clock import SystemClock
from factory.errors import CopyFailed, NameTaken, RecipeError
from factory.manifest import DEPLOYMENT, MachineModel, Manifest, Part, parse_manifest
from factory.plan import plan_rebuild
from factory.run import Run, fresh_run_id
from golden import local_azure
from tests.cloud import environment
from tests.factory.recipes import recipe
from tests.factory.restoring.shapes import SHAPES, contents_of, make
from tests.localazure.conftest import LocalCloud
from tests.localazure.disks.test_access import lend, take_back, written
from tests.localazure.machines import Yard
from tests.localazure.storage.conftest import azurite, blob_cloud, blob_wire, shelf, yard  # noqa: F401 - fixtures
from tests.localazure.storage.shelves import Shelf
from tests.role import calls_outside_the_role

SIGNATURE = re.compile(r"sig=(?!REDACTED|\*)")


@pytest.fixture
def container(
    blob_cloud: LocalCloud,  # noqa: F811 - a fixture by its name
    shelf: Shelf,  # noqa: F811
    tmp_path: Path,
) -> Iterator[ContainerClient]:
    """An empty container, and the identity of the factory in the environment."""
    running = local_azure.find(blob_cloud.state)
    assert running is not None
    with (
        environment({**running.environment(), "GOLDEN_RUNS": str(tmp_path / "runs")}),
        shelf.client() as client,
        client.create_container(f"copies{secrets.token_hex(4)}") as made,
    ):
        yield made


def run_for(vm: str, address: str, luns: tuple[int, ...] = ()) -> Run:
    wanted = recipe(source={"vm": vm}, backup={"copy_to_container": address})
    return Run.of(plan_rebuild(wanted, run_id=fresh_run_id(), now=SystemClock().now(), luns=luns))


def azure(run: Run) -> Azure:
    return Azure(Connection.from_environment(os.environ), run_id=run.plan.run_id)


def backup_of_a_disk(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> tuple[Run, Manifest, BlobClient]:
    """A backup of one disk of some blocks, and the blob that it is to be copied to."""
    disk = yard.disk("app", diskSizeGB=4)
    yard.write(disk, large=secrets.token_hex(5 * BLOCK // 8))
    part = Part(
        lun=None,
        disk_id=disk,
        disk_name="app",
        size_gb=4,
        sku="Standard_LRS",
        caching="None",
        source_id=yard.snapshot("app", disk),
    )
    vm = yard.path("virtualMachines", "app")
    machine = MachineModel(
        id=vm, name="app", group=yard.name, location="x", size="x", os_type="Linux", disks=(), interfaces=()
    )
    run = run_for(vm, container.url)
    manifest = Manifest(
        run_id=run.plan.run_id,
        factory="golden",
        recipe="app-debian",
        group=yard.name,
        taken=SystemClock().now(),
        method="snapshots",
        consistency="",
        machine=machine,
        parts=(part,),
    )
    blob = container.get_blob_client(f"{run.plan.run_id}/app.vhd")
    return run, manifest, blob


async def copied(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> tuple[Run, Manifest, BlobClient]:
    run, manifest, blob = backup_of_a_disk(yard, container)
    return run, await copy(run, manifest), blob


async def copy(run: Run, manifest: Manifest) -> Manifest:
    async with azure(run) as client:
        return await copy_to_container(run, client, manifest)


def pages(blob: BlobClient) -> dict[int, bytes]:
    """What is in a blob, page by page; those of zeros are as good as not there."""
    found = dict[int, bytes]()
    for begin, length in written(blob):
        content = blob.download_blob(begin, length).readall()
        found |= {begin + at: content[at : at + 512] for at in range(0, length, 512)}
    return {at: page for at, page in found.items() if page.strip(b"\0")}


def same_as_source(yard: Yard, source: str, blob: BlobClient) -> bool:  # noqa: F811
    with BlobClient.from_blob_url(lend(yard, source), connection_verify=yard.cloud.ca) as there:
        equal = there.get_blob_properties().size == blob.get_blob_properties().size
        equal = equal and pages(there) == pages(blob)
    take_back(yard, source)
    return equal


def lent(yard: Yard) -> list[Path]:  # noqa: F811
    """What lies behind signatures that are out."""
    return list((yard.cloud.state / "transfers").glob("read-*"))


async def test_every_disk_of_a_restore_point_is_a_vhd_from_which_a_disk_can_be_made(
    yard: Yard,  # noqa: F811
    shelf: Shelf,  # noqa: F811
    container: ContainerClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    vm = make(yard, SHAPES[1])
    run = run_for(vm, container.url, luns=(3, 7))

    await back_up_source(run)

    logged = caplog.text
    caplog.set_level(logging.WARNING)
    async with azure(run) as client:
        text = await deployments.read_text(client, run.plan.backup_group, DEPLOYMENT)
    kept = container.get_blob_client(f"{run.plan.run_id}/manifest.json").download_blob().readall()
    manifest = parse_manifest(kept.decode(), "the container")
    assert manifest == parse_manifest(text or "", "the cloud")
    assert {one.lun for one in manifest.copies} == {None, 3, 7}
    contents = contents_of(yard, vm)
    for one in manifest.copies:
        assert one.address == f"{container.url}/{run.plan.run_id}/{one.disk_name}.vhd"
        blob = container.get_blob_client(f"{run.plan.run_id}/{one.disk_name}.vhd")
        properties = blob.get_blob_properties()
        assert (properties.size, properties.metadata[CHECKSUM]) == (one.bytes, one.sha256)
        assert same_as_source(yard, manifest.part(one.lun).source_id, blob)
        creation = {
            "createOption": "Import",
            "sourceUri": one.address,
            "storageAccountId": shelf.document["id"],
        }
        disk = yard.path("disks", f"by-hand-{one.disk_name}")
        body = {"location": "westeurope", "properties": {"creationData": creation}}
        yard.done(yard.wire("PUT", disk, body))
        assert yard.files(disk)["content"] == contents[one.lun]
    assert "beginGetAccess" in logged
    assert lent(yard) == [], "every signature was taken back"
    assert not SIGNATURE.search(logged), "no signature is logged"
    assert not any(SIGNATURE.search(file.read_text()) for file in run.record.directory.glob("*.json*"))
    log = yard.cloud.state / "requests.jsonl"
    assert calls_outside_the_role(log, [f"run/{run.plan.run_id}"]) == []


async def test_a_copy_that_is_whole_is_taken_over_and_not_written_again(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> None:
    run, manifest, blob = await copied(yard, container)
    before = blob.get_blob_properties()

    again = await copy(run, manifest)

    assert again == manifest
    assert blob.get_blob_properties().etag == before.etag
    assert "app: its copy is whole, and is taken over" in [event.text for event in run.record.events()]


def tear(blob: BlobClient) -> None:
    """Take a whole block away, break a page, and write one where the disk has none."""
    blob.clear_page(offset=0, length=BLOCK)
    for offset in (BLOCK + 512, 100 * BLOCK):
        blob.upload_page(b"x" * 512, offset=offset, length=512)


async def test_a_torn_copy_is_completed_and_proven(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> None:
    run, manifest, blob = await copied(yard, container)
    marks = dict(blob.get_blob_properties().metadata)
    unfinished = {key: mark for key, mark in marks.items() if key != CHECKSUM}
    earlier = {**marks, "golden_taken": "2020-01-01T00:00:00+00:00"}
    for metadata, torn in ((unfinished, True), (marks, True), (earlier, False)):
        blob.set_blob_metadata(metadata)
        if torn:
            tear(blob)

        again = await copy(run, manifest)

        assert again == manifest
        assert not any("is taken over" in event.text for event in run.record.events())
        assert blob.get_blob_properties().metadata == marks
        assert same_as_source(yard, manifest.parts[0].source_id, blob)
    assert lent(yard) == []


async def test_what_the_storage_account_gives_back_otherwise_is_no_copy(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> None:
    run, manifest, blob = backup_of_a_disk(yard, container)

    class Forgetful(Azure):
        """When all is written and the snapshot is given back, the storage account loses a page."""

        async def begin(self, what: str, *args: Any, **kwargs: Any) -> Any:
            if what.startswith("take read access"):
                blob.clear_page(offset=BLOCK + 1024, length=512)
            return await super().begin(what, *args, **kwargs)

    async with Forgetful(Connection.from_environment(os.environ)) as client:
        with pytest.raises(CopyFailed, match="is not what was read"):
            await copy_to_container(run, client, manifest)
    assert CHECKSUM not in blob.get_blob_properties().metadata
    assert not container.get_blob_client(f"{run.plan.run_id}/manifest.json").exists()


async def test_a_blob_that_the_run_did_not_write_is_left_alone(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> None:
    run, manifest, blob = backup_of_a_disk(yard, container)
    blob.upload_blob(b"precious")
    with pytest.raises(NameTaken, match="made by somebody else"):
        await copy(run, manifest)
    assert blob.download_blob().readall() == b"precious"


async def test_a_container_that_is_not_there_is_told_and_no_signature_stays_out(
    yard: Yard,  # noqa: F811
    container: ContainerClient,
) -> None:
    _, manifest, _ = backup_of_a_disk(yard, container)
    elsewhere = run_for(manifest.machine.id, f"{container.url}-not")
    with pytest.raises(CopyFailed, match=r"copy disk app to .*: ContainerNotFound") as raised:
        await copy(elsewhere, manifest)
    assert "Storage Blob Data Contributor" in (raised.value.remedy or "")
    assert yard.get(manifest.parts[0].source_id)["properties"]["diskState"] != "ActiveSAS"


async def test_preflight_looks_whether_the_container_is_there(container: ContainerClient) -> None:
    connection = Connection.from_environment(os.environ)
    assert await judge_container(container.url, connection) == []
    (finding,) = await judge_container(f"{container.url}-not", connection)
    assert "ContainerNotFound" in finding
    assert "Storage Blob Data Contributor" in finding


def test_a_recipe_holds_no_signature() -> None:
    with pytest.raises(RecipeError, match="copy_to_container"):
        recipe(backup={"copy_to_container": "https://a.blob.core.windows.net/c?sv=1&sig=x"})
    with pytest.raises(RecipeError, match="copy_to_container"):
        recipe(backup={"copy_to_container": "http://a.blob.core.windows.net/c"})


def test_the_checksum_does_not_depend_on_how_page_ranges_are_told() -> None:
    assert cut_into_blocks([(512, 1024), (2048, 2 * BLOCK + 512)]) == {
        0: (512, BLOCK),
        BLOCK: (BLOCK, 2 * BLOCK),
        2 * BLOCK: (2 * BLOCK, 2 * BLOCK + 512),
    }
    zeros, ones = checksum_of_block(bytes(512)), checksum_of_block(bytes([1]) * 512)
    assert checksum_of_blob(1024, {512: ones}) == checksum_of_blob(1024, {512: ones, 0: zeros})
    assert checksum_of_blob(1024, {512: ones}) != checksum_of_blob(1024, {0: ones})
    assert checksum_of_blob(1024, {0: ones}) != checksum_of_blob(2048, {0: ones})
