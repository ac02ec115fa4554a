"""From a machine's document to a machine that runs, and the wait for its agent's word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from localazure.arm.errors import ArmError
from localazure.arm.ids import ResourceId
from localazure.compute import errors, interfaces, machines, os_profile, storage_profile
from localazure.compute.instance_view import agent_ready
from localazure.compute.patience import limit
from localazure.guests.base import DataDisk, GuestError, MachineSpec

if TYPE_CHECKING:
    from localazure.arm.store import Document
    from localazure.arm.world import World

POLL_SECONDS = 0.05


def spec(world: World, vm: Document) -> MachineSpec:
    """Everything the host must know. The DVD is there until the guest has said Ready once."""
    properties = vm["properties"]
    storage = storage_profile.current(world, vm)
    address, rules = interfaces.address(world, vm)
    provisioning = None
    if vm.get("_provision"):
        provisioning = os_profile.for_guest(properties["osProfile"], vm.get("_secrets", {}))
    return MachineSpec(
        machine_id=properties["vmId"],
        name=vm["name"],
        os_disk=_content(world, storage["osDisk"]),
        address=address,
        data_disks=tuple(
            DataDisk(one["lun"], _content(world, one), one["diskSizeGB"], one["name"])
            for one in storage["dataDisks"]
        ),
        inbound=rules,
        provisioning=provisioning,
        metadata=metadata(vm),
        generation=vm.get("_generation", "V1"),
    )


def _content(world: World, shown: dict[str, Any]) -> str:
    disk = world.store.get(shown["managedDisk"]["id"])
    if disk is None or "_content" not in disk:
        raise errors.reference_not_found(shown["managedDisk"]["id"], "the virtual machine")
    return str(disk["_content"])


def metadata(vm: Document) -> dict[str, Any]:
    """The metadata service's `compute` block."""
    properties, tags = vm["properties"], vm.get("tags", {})
    reference = properties["storageProfile"].get("imageReference", {})
    parts = vm["id"].split("/")
    return {
        **_profile(properties.get("osProfile")),
        "azEnvironment": "AzurePublicCloud",
        "location": vm["location"],
        "name": vm["name"],
        "offer": reference.get("offer", ""),
        "osType": properties["storageProfile"]["osDisk"]["osType"],
        "publisher": reference.get("publisher", ""),
        "resourceGroupName": parts[4],
        "resourceId": vm["id"],
        "sku": reference.get("sku", ""),
        "storageProfile": properties["storageProfile"],
        "subscriptionId": parts[2],
        "tags": ";".join(f"{name}:{value}" for name, value in tags.items()),
        "tagsList": [{"name": name, "value": value} for name, value in tags.items()],
        "userData": vm.get("_user_data", ""),
        "version": reference.get("exactVersion", reference.get("version", "")),
        "vmId": properties["vmId"],
        "vmSize": properties["hardwareProfile"]["vmSize"],
        "zone": (vm.get("zones") or [""])[0],
    }


def _profile(profile: dict[str, Any] | None) -> dict[str, Any]:
    """Who the machine was made for; cloud-init takes the administrator's keys from here."""
    if profile is None:
        return {"publicKeys": []}
    linux = profile.get("linuxConfiguration") or {}
    keys = (linux.get("ssh") or {}).get("publicKeys") or []
    return {
        "osProfile": {
            "adminUsername": profile.get("adminUsername", ""),
            "computerName": profile.get("computerName", ""),
            "disablePasswordAuthentication": str(bool(linux.get("disablePasswordAuthentication"))).lower(),
        },
        "publicKeys": [{"keyData": key["keyData"], "path": key["path"]} for key in keys],
    }


async def power_on(world: World, vm: Document) -> None:
    """Start the machine; the host's refusal becomes Azure's."""
    await world.interference.point("power-on", ResourceId.parse(vm["id"]))
    await _ask(vm["name"], world.guests.start(spec(world, vm)))
    await world.interference.started(vm)


async def power_off(world: World, vm: Document, *, graceful: bool) -> None:
    """Stop the machine. One that says it is off is asked too: what ran it may still be putting it away."""
    await _ask(vm["name"], world.guests.power_off(vm["properties"]["vmId"], graceful=graceful))


async def reboot(world: World, vm: Document) -> None:
    """Reboot the machine through its init."""
    await _ask(vm["name"], world.guests.restart(vm["properties"]["vmId"]))


async def _ask(name: str, work: Awaitable[None]) -> None:
    try:
        await work
    except GuestError as error:
        raise errors.start_failed(name, str(error)) from error


async def provisioned(world: World, rid: ResourceId, began: float) -> None:
    """Wait until the guest reports Ready; raises what Azure says of a failure, or of nothing in time."""
    await world.interference.point("provision", rid)
    deadline = began + limit(world, "provisioning")
    while True:
        vm = world.store.get(rid)
        if vm is None or vm.get("_deleting"):
            raise errors.preempted()
        report = world.guests.report(vm["properties"]["vmId"])
        if report.provisioning == "Ready":
            return
        if report.provisioning == "NotReady" and report.provisioning_detail.startswith("ProvisioningFailed"):
            raise errors.provisioning_client_error(vm["name"], report.provisioning_detail)
        if world.clock.epoch() >= deadline:
            raise errors.provisioning_timed_out(vm["name"], agent_running=agent_ready(world, report))
        await asyncio.sleep(POLL_SECONDS)


def note_failure(world: World, rid: ResourceId, error: ArmError) -> None:
    """Write down why the machine's provisioning failed; it stays, failed, for its owner to look at."""
    if (vm := world.store.get(rid)) is not None and not vm.get("_deleting"):
        vm["_error"] = error.error()
        world.store.put(vm)
        machines.put_provisioning(world, rid, machines.FAILED)
