"""Every body that the factory PUTs to Azure is valid against the published schema of its type."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from factory.azure import disks, galleries, images, network, restore_points, run_commands
from factory.azure.client import Azure
from factory.azure.machine_bodies import attached_body, image_body
from factory.azure.machine_models import Plan, SecurityProfile, read_machine
from factory.errors import FactoryError
from tests.factory.azure import bodies
from tests.factory.azure.bodies import DEFINITION, NIC, SUBNET, VERSION, VM
from tests.factory.azure.wire import COMPUTE, Answer, Wire, fails
from tests.localazure.schemas import published

pytestmark = pytest.mark.skipif(not published.FOLDER.is_dir(), reason=published.ABSENT)

SOON = timedelta(minutes=1)
HERE = "westeurope"
TAGS = {"run": "r-1"}
DISK = f"{COMPUTE}/disks/os"
RULE = network.SecurityRule("ssh", 100, "Inbound", "Allow", "Tcp", port="22")
LIFE = datetime(2027, 1, 1, tzinfo=UTC)

VERBS: dict[str, tuple[str, Callable[[Azure], Awaitable[Any]]]] = {
    "disk": (
        "disks",
        lambda a: disks.create_disk_from_copy(
            a, "rg", "d", HERE, source_id=DISK, sku="Premium_LRS", tags=TAGS, deadline=SOON, zones=("1",)
        ),
    ),
    "snapshot": (
        "snapshots",
        lambda a: disks.create_snapshot(a, "rg", "s", HERE, source_id=DISK, tags=TAGS, deadline=SOON),
    ),
    "collection": (
        "restorePointCollections",
        lambda a: restore_points.create_restore_point_collection(a, "rg", "c", HERE, source_id=VM, tags=TAGS),
    ),
    "point": (
        "restorePointCollections/restorePoints",
        lambda a: restore_points.create_restore_point(
            a, "rg", "c", "p", consistency="CrashConsistent", deadline=SOON, exclude_disks=[DISK]
        ),
    ),
    "image": (
        "images",
        lambda a: images.create_image_from_machine(
            a, "rg", "i", HERE, machine_id=VM, tags=TAGS, deadline=SOON
        ),
    ),
    "version": (
        "galleries/images/versions",
        lambda a: galleries.create_version_from_machine(
            a, DEFINITION, "1.0.0", HERE, machine_id=VM, tags=TAGS, deadline=SOON, end_of_life=LIFE
        ),
    ),
    "run command": (
        "virtualMachines/runCommands",
        lambda a: run_commands.run_command(
            a,
            VM,
            name="c",
            script="true",
            deadline=SOON,
            tags=TAGS,
            location=HERE,
            parameters={"a": "b"},
            protected={"c": "d"},
        ),
    ),
    "security group": (
        "Microsoft.Network/networkSecurityGroups",
        lambda a: network.create_security_group(a, "rg", "n", HERE, [RULE], tags=TAGS),
    ),
    "interface": (
        "Microsoft.Network/networkInterfaces",
        lambda a: network.create_interface(
            a, "rg", "n", HERE, subnet_id=SUBNET, security_group_id=NIC, tags=TAGS
        ),
    ),
}


def objections(kind: str, body: Any) -> list[tuple[str, str]]:
    return published.complaints(kind if "/" in kind and "." in kind else f"Microsoft.Compute/{kind}", body)


@pytest.mark.parametrize("name", VERBS)
async def test_what_a_verb_sends_is_valid(azure: Azure, wire: Wire, name: str) -> None:
    wire.on("GET", ".*", fails(404, "ResourceNotFound"))
    wire.on("GET", "/virtualMachines/vm", Answer(200, bodies.machine()))
    wire.on("PUT", ".*", fails(400, "BadRequest"))
    kind, verb = VERBS[name]
    with contextlib.suppress(FactoryError):
        await verb(azure)
    (put, *_) = wire.sent("PUT", ".*") or [seen for seen in wire.requests if seen.method == "PUT"]
    assert objections(kind, put.body) == []


async def test_a_version_written_back_is_valid_but_for_what_azure_writes(azure: Azure, wire: Wire) -> None:
    wire.on("GET", "/versions/1.0.0", Answer(200, bodies.version()))
    wire.on("PUT", "/versions/1.0.0", Answer(200, bodies.version("Updating")))
    await galleries.update_publishing(azure, VERSION, regions={HERE: 3}, exclude_from_latest=False, tags=TAGS)
    (put,) = wire.sent("PUT")
    body = {key: value for key, value in put.body.items() if key not in {"id", "name", "type", "systemData"}}
    body["properties"] = {k: v for k, v in body["properties"].items() if k != "provisioningState"}
    assert [
        one for one in objections("galleries/images/versions", body) if "publishedDate" not in one[1]
    ] == []


def test_a_machine_on_ready_disks_is_valid() -> None:
    like = read_machine(bodies.machine(), "rg")
    body = attached_body(
        HERE, like, size="Standard_D2s_v3", os_disk_id=DISK, data_disks={7: DISK}, interface_id=NIC, tags=TAGS
    )
    assert objections("virtualMachines", body) == []


SIZES = "the schema lists the sizes of its day; every size that a region offers is taken"


def test_a_machine_from_an_image_is_valid_but_for_a_newer_size() -> None:
    body = image_body(
        HERE,
        image=VERSION,
        size="Standard_D2s_v5",
        computer_name="probe",
        admin="tester",
        public_key="ssh-ed25519 AAAA",
        os_disk_name="probe-os",
        luns=(0, 7),
        interface_id=NIC,
        tags=TAGS,
        security=SecurityProfile(type="TrustedLaunch", secure_boot=True, vtpm=True, encryption_at_host=True),
        plan=Plan(publisher="acme", product="debian", name="hardened"),
    )
    where = [path for path, _ in objections("virtualMachines", body)]
    assert where == ["properties.hardwareProfile.vmSize"], SIZES
