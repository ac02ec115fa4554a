"""The verbs against the local Azure, a program that shares no code with them: what is left in the cloud."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from azure.mgmt.compute import models
from azure.mgmt.resource.resources import models as resource_models

from factory import errors
from factory.azure import (
    disks,
    galleries,
    groups,
    images,
    machines,
    marketplace,
    network,
    restore_points,
    run_commands,
    skus,
)
from factory.azure.calls import Call
from factory.azure.client import Azure
from factory.azure.connection import Connection, build_credential
from factory.azure.machines import Machine
from factory.azure.network import SecurityRule
from tests.factory.azure.local_cloud import local_azure

SOON = timedelta(minutes=2)
HOME = "westeurope"
SIZE = "Standard_D2s_v5"
IMAGE = "Debian:debian-12:12-gen2:latest"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJmQf0Xz1J0lQ4n6q1b1f1s7mQmYx0QJ0mT0x2l8o3Gk someone"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with local_azure(tmp_path_factory.mktemp("local")) as env:
        yield env


@dataclass
class Yard:
    """A resource group with a build subnet, and what tests do in it over and over."""

    azure: Azure
    group: str
    subnet: str
    tags: dict[str, str]

    async def interface(self, name: str) -> str:
        made = await network.create_interface(
            self.azure, self.group, name, HOME, subnet_id=self.subnet, security_group_id=None, tags=self.tags
        )
        return made.id

    async def from_image(self, name: str, image: str = IMAGE, luns: tuple[int, ...] = ()) -> Machine:
        return await machines.create_machine_from_image(
            self.azure,
            self.group,
            name,
            HOME,
            image=image,
            size=SIZE,
            computer_name=name,
            admin="tester",
            public_key=KEY,
            os_disk_name=f"{name}-os",
            luns=luns,
            interface_id=await self.interface(f"{name}-nic"),
            tags=self.tags,
            deadline=SOON,
        )

    async def source(self, name: str = "source") -> Machine:
        """A user's running machine with an empty data disk at LUN 7, whose disks outlive it."""
        body = {
            "location": HOME,
            "properties": {
                "hardwareProfile": {"vmSize": SIZE},
                "osProfile": {
                    "computerName": name,
                    "adminUsername": "operator",
                    "linuxConfiguration": {
                        "disablePasswordAuthentication": True,
                        "ssh": {
                            "publicKeys": [{"path": "/home/operator/.ssh/authorized_keys", "keyData": KEY}]
                        },
                    },
                },
                "storageProfile": {
                    "imageReference": {
                        "publisher": "Debian",
                        "offer": "debian-12",
                        "sku": "12-gen2",
                        "version": "latest",
                    },
                    "osDisk": {"createOption": "FromImage", "name": f"{name}-os"},
                    "dataDisks": [
                        {"lun": 7, "createOption": "Empty", "diskSizeGB": 8, "name": f"{name}-data"}
                    ],
                },
                "networkProfile": {"networkInterfaces": [{"id": await self.interface(f"{name}-nic")}]},
            },
        }
        vms = self.azure.compute.virtual_machines
        operation = await self.azure.begin(
            f"create {name}", vms.begin_create_or_update, self.group, name, models.VirtualMachine(body)
        )
        await self.azure.wait(operation, deadline=SOON)
        return await machines.get_machine_named(self.azure, self.group, name)

    async def definition(self, state: str = "Generalized") -> str:
        gallery = models.Gallery({"location": HOME})
        begin = self.azure.compute.galleries.begin_create_or_update
        await self.azure.wait(
            await self.azure.begin("create gallery", begin, self.group, "gal", gallery), deadline=SOON
        )
        body = {
            "location": HOME,
            "properties": {
                "osType": "Linux",
                "osState": state,
                "hyperVGeneration": "V2",
                "identifier": {"publisher": "p", "offer": "o", "sku": state},
            },
        }
        operation = await self.azure.begin(
            "create definition",
            self.azure.compute.gallery_images.begin_create_or_update,
            self.group,
            "gal",
            f"debian-{state.lower()}",
            models.GalleryImage(body),
        )
        return str((await self.azure.wait(operation, deadline=SOON)).id)

    async def generalized(self) -> Machine:
        machine = await self.source()
        await machines.deallocate(self.azure, machine.id, deadline=SOON)
        await machines.generalize(self.azure, machine.id)
        return await machines.get_machine(self.azure, machine.id)

    async def version(self, name: str = "1.0.0") -> galleries.Version:
        machine = await self.generalized()
        return await galleries.create_version_from_machine(
            self.azure,
            await self.definition(),
            name,
            HOME,
            machine_id=machine.id,
            tags=self.tags,
            deadline=SOON,
            end_of_life=datetime.now(UTC) + timedelta(days=90),
        )


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
async def yard(environment: Mapping[str, str], calls: list[Call]) -> AsyncIterator[Yard]:
    connection = Connection.from_environment(environment)
    credential = build_credential(connection, environment)
    async with Azure(connection, credential=credential, run_id="test", on_call=calls.append) as azure:
        tags = {"golden-run": uuid4().hex}
        group = f"yard-{tags['golden-run'][:8]}"
        await groups.create_group(azure, group, HOME, tags)
        yield Yard(azure, group, await _make_subnet(azure, group), tags)
        await groups.delete_group(azure, group, deadline=SOON)
        assert await groups.get_group(azure, group) is None
        assert await groups.list_resources_by_tag(azure, "golden-run", tags["golden-run"]) == []
        assert not [call for call in calls if call.status == 501], "the local Azure lacks something"


async def _make_subnet(azure: Azure, group: str) -> str:
    body: dict[str, Any] = {
        "location": HOME,
        "properties": {
            "addressSpace": {"addressPrefixes": ["127.16.0.0/16"]},
            "subnets": [{"name": "build", "properties": {"addressPrefix": "127.16.0.0/20"}}],
        },
    }
    scope = f"/subscriptions/{azure.connection.subscription_id}/resourceGroups/{group}"
    network_id = f"{scope}/providers/Microsoft.Network/virtualNetworks/net"
    operation = await azure.begin(
        "create network",
        azure.resources.resources.begin_create_or_update_by_id,
        network_id,
        resource_models.GenericResource(body),
        api_version=azure.connection.api_versions.network,
    )
    await azure.wait(operation, deadline=SOON)
    return f"{network_id}/subnets/build"


async def test_a_machine_from_an_image_runs_reports_and_shows_its_console(yard: Yard) -> None:
    machine = await yard.from_image("probe")
    assert (machine.power_state, machine.provisioning_state) == ("running", "Succeeded")
    assert machine.tags == yard.tags
    assert {disk.delete_option for disk in machine.disks} == {"Delete"}
    agent = await machines.wait_for_agent(yard.azure, machine.id, deadline=SOON)
    assert agent.ready
    assert "console of probe" in await machines.serial_log(yard.azure, machine.id, lines=5)


async def test_making_a_machine_twice_leaves_one_and_the_same(yard: Yard) -> None:
    first, second = await yard.from_image("probe"), await yard.from_image("probe")
    assert first.vm_id == second.vm_id


async def test_deleting_a_machine_of_ours_takes_its_disks_and_interface_with_it(yard: Yard) -> None:
    machine = await yard.from_image("probe")
    await machines.delete_machine(yard.azure, machine.id, deadline=SOON)
    left = {resource.type.lower() for resource in await groups.list_resources(yard.azure, yard.group)}
    assert left == {"microsoft.network/virtualnetworks"}
    await machines.delete_machine(yard.azure, machine.id, deadline=SOON)


async def test_a_users_machine_keeps_its_disks_until_told_otherwise(yard: Yard) -> None:
    machine = await yard.source()
    changed = await machines.set_delete_options(yard.azure, machine.id, "Detach", deadline=SOON)
    assert {disk.delete_option for disk in changed.disks} == {"Detach"}
    await machines.delete_machine(yard.azure, machine.id, deadline=SOON)
    for disk in machine.disks:
        assert (await disks.get_disk(yard.azure, disk.id)).state == "Unattached"


async def test_a_running_machine_is_cloned_from_a_restore_point_of_all_its_disks(yard: Yard) -> None:
    source = await yard.source()
    point = await _take_point(yard, source)
    copies = {
        disk.lun: await disks.create_disk_from_copy(
            yard.azure,
            yard.group,
            f"clone-{disk.name}",
            HOME,
            source_id=disk.restore_point_id,
            sku="Standard_LRS",
            tags=yard.tags,
            deadline=SOON,
        )
        for disk in point.disks
    }
    clone = await machines.create_machine_attached(
        yard.azure,
        yard.group,
        "clone",
        HOME,
        like=source,
        size=SIZE,
        os_disk_id=copies[None],
        data_disks={7: copies[7]},
        interface_id=await yard.interface("clone-nic"),
        tags=yard.tags,
        deadline=SOON,
    )
    assert clone.power_state == "running"
    assert [disk.lun for disk in clone.disks] == [None, 7]
    assert [disk.size_gb for disk in clone.disks] == [disk.size_gb for disk in source.disks]
    untouched = await machines.get_machine(yard.azure, source.id)
    assert (untouched.power_state, untouched.disks) == (source.power_state, source.disks)


async def _take_point(yard: Yard, source: Machine) -> restore_points.RestorePoint:
    await restore_points.create_restore_point_collection(
        yard.azure, yard.group, "points", HOME, source_id=source.id, tags=yard.tags
    )
    return await restore_points.create_restore_point(
        yard.azure, yard.group, "points", "p1", consistency="CrashConsistent", deadline=SOON
    )


async def test_a_restore_point_is_complete_and_holds_every_disk_by_its_source(yard: Yard) -> None:
    source = await yard.source()
    point = await _take_point(yard, source)
    assert point.consistency == "CrashConsistent"
    assert {disk.disk_id.lower() for disk in point.disks} == {disk.id.lower() for disk in source.disks}
    for disk in point.disks:
        state = await restore_points.get_disk_restore_point_state(yard.azure, disk.restore_point_id)
        assert state == "complete"
    again = await _take_point(yard, source)
    assert again == point
    assert [
        found.id for found in await restore_points.list_restore_points(yard.azure, yard.group, "points")
    ] == [point.id]
    await restore_points.delete_restore_point(yard.azure, point.id, deadline=SOON)
    assert await restore_points.get_restore_point(yard.azure, point.id) is None


async def test_a_snapshot_is_whole_when_it_is_returned_and_can_be_taken_up_again(yard: Yard) -> None:
    source = await yard.source()
    made = [
        await disks.create_snapshot(
            yard.azure, yard.group, "snap", HOME, source_id=source.os_disk.id, tags=yard.tags, deadline=SOON
        )
        for _ in range(2)
    ]
    assert made[0].complete
    assert made[0].incremental
    assert made[0].size_gb == source.os_disk.size_gb
    assert made[0].created == made[1].created
    assert await disks.get_snapshot_state(yard.azure, made[0].id) == "complete"
    await disks.delete_snapshot(yard.azure, made[0].id, deadline=SOON)
    assert await disks.get_snapshot_state(yard.azure, made[0].id) == "missing"


async def test_a_disk_in_use_cannot_be_deleted(yard: Yard) -> None:
    source = await yard.source()
    with pytest.raises(errors.InUse):
        await disks.delete_disk(yard.azure, source.os_disk.id, deadline=SOON)


async def test_generalize_is_refused_while_the_machine_runs_and_it_still_runs(yard: Yard) -> None:
    machine = await yard.source()
    with pytest.raises(errors.OperationNotAllowed, match="deallocate the VM"):
        await machines.generalize(yard.azure, machine.id)
    found = await machines.get_machine(yard.azure, machine.id)
    assert (found.power_state, found.generalized) == ("running", False)


async def test_a_generalized_machine_never_starts_again(yard: Yard) -> None:
    machine = await yard.generalized()
    assert machine.generalized
    with pytest.raises(errors.OperationNotAllowed, match="never starts again"):
        await machines.start(yard.azure, machine.id, deadline=SOON)


async def test_power_goes_off_and_on_and_round(yard: Yard) -> None:
    machine = await yard.source()
    seen = []
    for action in (machines.restart, machines.power_off, machines.deallocate, machines.start):
        await action(yard.azure, machine.id, deadline=SOON)
        seen.append((await machines.get_machine(yard.azure, machine.id)).power_state)
    assert seen == ["running", "stopped", "deallocated", "running"]


async def test_a_version_is_hidden_first_and_then_published_where_it_is_wanted(yard: Yard) -> None:
    version = await yard.version()
    assert version.exclude_from_latest
    assert [region.name.replace(" ", "").lower() for region in version.regions] == [HOME]
    assert version.luns == (7,)
    published = await galleries.update_publishing(
        yard.azure,
        version.id,
        regions={HOME: 1, "northeurope": 1},
        exclude_from_latest=False,
        tags={**yard.tags, "promoted": "yes"},
    )
    assert not published.exclude_from_latest
    state = await galleries.wait_replication(yard.azure, version.id, deadline=SOON)
    assert state.aggregated == "Completed"
    assert len(state.regions) == 2
    final = await galleries.get_version(yard.azure, version.id)
    assert final
    assert final.tags["promoted"] == "yes"
    assert final.end_of_life == version.end_of_life
    assert final.provisioning_state == "Succeeded"


async def test_a_machine_made_from_our_version_has_its_data_disk_at_the_same_lun(yard: Yard) -> None:
    version = await yard.version()
    machine = await yard.from_image("probe", version.id, version.luns)
    assert [disk.lun for disk in machine.data_disks] == [7]
    assert machine.data_disks[0].delete_option == "Delete"
    assert machine.admin_username == "tester"


async def test_versions_are_listed_and_deleted(yard: Yard) -> None:
    version = await yard.version()
    definition = version.id.rsplit("/versions/", 1)[0]
    assert [found.name for found in await galleries.list_versions(yard.azure, definition)] == ["1.0.0"]
    await galleries.delete_version(yard.azure, version.id, deadline=SOON)
    assert await galleries.get_version(yard.azure, version.id) is None
    await galleries.delete_version(yard.azure, version.id, deadline=SOON)


async def test_a_machine_that_is_not_generalized_gives_no_generalized_version(yard: Yard) -> None:
    machine = await yard.source()
    await machines.deallocate(yard.azure, machine.id, deadline=SOON)
    definition = await yard.definition()
    with pytest.raises(errors.AzureError) as caught:
        await galleries.create_version_from_machine(
            yard.azure, definition, "1.0.0", HOME, machine_id=machine.id, tags=yard.tags, deadline=SOON
        )
    assert isinstance(caught.value, errors.Conflict | errors.InvalidRequest)


async def test_a_managed_image_holds_all_disks_and_a_machine_can_be_made_of_it(yard: Yard) -> None:
    machine = await yard.generalized()
    image = await images.create_image_from_machine(
        yard.azure, yard.group, "image", HOME, machine_id=machine.id, tags=yard.tags, deadline=SOON
    )
    assert (image.os_state, image.generation, image.luns) == ("Generalized", "V2", (7,))
    probe = await yard.from_image("probe", image.id, image.luns)
    assert [disk.lun for disk in probe.disks] == [None, 7]
    assert (await images.set_tags(yard.azure, image.id, {"golden-run": "x"})).tags == {"golden-run": "x"}
    await images.delete_image(yard.azure, image.id, deadline=SOON)
    assert await images.get_image(yard.azure, yard.group, "image") is None


async def test_a_script_runs_in_the_guest_and_leaves_no_command_behind(yard: Yard) -> None:
    machine = await yard.source()
    result = await run_commands.run_command(
        yard.azure,
        machine.id,
        name="hello",
        script="echo $who",
        deadline=SOON,
        tags=yard.tags,
        protected={"who": "world"},
    )
    assert result.checked(whole=True) == "world\n"
    left = await yard.azure.collect(
        "list run commands",
        yard.azure.compute.virtual_machine_run_commands.list_by_virtual_machine,
        yard.group,
        machine.name,
    )
    assert list(left) == []


async def test_a_script_that_fails_says_how(yard: Yard) -> None:
    machine = await yard.source()
    result = await run_commands.run_command(
        yard.azure, machine.id, name="bad", script="echo a\nexit 3", deadline=SOON, tags=yard.tags
    )
    assert (result.state, result.exit_code, result.output) == ("Failed", 3, "a\n")


async def test_a_script_is_refused_where_the_machine_is_off(yard: Yard) -> None:
    machine = await yard.source()
    await machines.deallocate(yard.azure, machine.id, deadline=SOON)
    with pytest.raises(errors.OperationNotAllowed):
        await run_commands.run_command(
            yard.azure, machine.id, name="late", script="echo a", deadline=SOON, tags=yard.tags
        )


async def test_a_security_group_and_its_interface_are_made_twice_without_harm(yard: Yard) -> None:
    rules = [
        SecurityRule("worker-in", 100, "Inbound", "Allow", "Tcp", source="127.0.0.1/32", port="22"),
        SecurityRule("nobody-else-in", 4000, "Inbound", "Deny", "*"),
    ]
    for _ in range(2):
        group = await network.create_security_group(
            yard.azure, yard.group, "nsg", HOME, rules, tags=yard.tags
        )
        interface = await network.create_interface(
            yard.azure,
            yard.group,
            "nic",
            HOME,
            subnet_id=yard.subnet,
            security_group_id=group,
            tags=yard.tags,
        )
    assert interface.private_ip.startswith("127.16.")
    assert (interface.security_group_id or "").lower() == group.lower()
    assert (await network.get_interface(yard.azure, interface.id)).private_ip == interface.private_ip
    subnet = await network.get_subnet(yard.azure, yard.subnet)
    assert (subnet.location, subnet.prefixes) == (HOME, ("127.16.0.0/20",))


async def test_sizes_quotas_and_the_marketplace_are_read(yard: Yard) -> None:
    assert (await skus.sku_available(yard.azure, HOME, SIZE)).available
    assert not (await skus.sku_available(yard.azure, HOME, "Standard_Nothing")).available
    assert (await skus.usages(yard.azure, HOME))["cores"].limit > 0
    image = await marketplace.resolve_version(yard.azure, HOME, marketplace.Urn.parse(IMAGE))
    assert image.urn.version == "1.10.0"
    assert (image.os_type, image.generation) == ("Linux", "V2")


async def test_what_is_not_there_is_not_found_by_name(yard: Yard) -> None:
    with pytest.raises(errors.NotFound, match="ghost"):
        await machines.get_machine_named(yard.azure, yard.group, "ghost")
    with pytest.raises(errors.NotFound):
        await galleries.get_definition(
            yard.azure, (await yard.definition()).replace("debian-generalized", "ghost")
        )
    assert await images.get_image(yard.azure, yard.group, "ghost") is None


async def test_resources_of_a_run_are_found_by_their_tag(yard: Yard) -> None:
    await yard.from_image("probe")
    found = await groups.list_resources_by_tag(yard.azure, "golden-run", yard.tags["golden-run"])
    kinds = {resource.type.lower().rsplit("/", 1)[1] for resource in found}
    assert {"virtualmachines", "networkinterfaces"} <= kinds
    (group,) = await groups.list_groups_by_tag(yard.azure, "golden-run", yard.tags["golden-run"])
    assert group.name == yard.group


async def test_an_operation_is_resumed_by_its_token_from_another_client(
    yard: Yard, environment: Mapping[str, str], calls: list[Call]
) -> None:
    machine = await yard.source()
    method = yard.azure.compute.virtual_machines.begin_deallocate
    operation = await yard.azure.begin("deallocate", method, yard.group, machine.name)
    connection = Connection.from_environment(environment)
    async with Azure(connection, credential=build_credential(connection, environment)) as other:
        resumed = await other.begin(
            "deallocate",
            other.compute.virtual_machines.begin_deallocate,
            yard.group,
            machine.name,
            continuation_token=operation.token,
        )
        await resumed.result(SOON)
    assert (await machines.get_machine(yard.azure, machine.id)).power_state == "deallocated"
    assert len([call for call in calls if call.path.endswith("/deallocate")]) == 1


async def test_limits_are_read_from_the_answers(yard: Yard) -> None:
    await yard.source()
    assert yard.azure.limits.calls > 5
    assert any("Microsoft.Compute/" in name for name in yard.azure.limits.remaining)
