"""VMs: read, make, switch, generalize, delete."""

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from azure.mgmt.compute import models
from pydantic import SecretStr

from factory.azure.asking import ask
from factory.azure.client import Azure
from factory.azure.ensure import Existing, ensure, remove, require_owner
from factory.azure.ids import ArmId
from factory.azure.looking import Seen, look_until_done
from factory.azure.lro import Progress
from factory.azure.machine_bodies import attached_body, image_body
from factory.azure.machine_models import Agent, Machine, MachineDisk, Plan, SecurityProfile, read_machine
from factory.azure.wire import Json, dig, plain
from factory.errors import AzureFault, ExtensionFailed, NotFound

__all__ = ["Agent", "Machine", "MachineDisk", "Plan", "SecurityProfile"]

AGENT_REPORTS_EVERY = 2.0
"""Seconds: no need to look for an agent more often, no use in waiting longer once it is there."""
_SERIAL_LOG_BYTES = 256 * 1024

_SWITCHING = ("starting", "stopping", "deallocating")
_RUNS, _STOPPED, _DEALLOCATED = ("running",), ("stopped", "deallocated"), ("deallocated",)
_NOTHING = ()
"""No state shows that a restart was carried out; a second one does no harm."""
_GENERALIZE_DEADLINE = timedelta(minutes=5)

DeleteOption = Literal["Delete", "Detach"]


async def get_machine(azure: Azure, machine_id: str) -> Machine:
    """Read a VM with its instance view. Raises `NotFound`, `AuthorizationFailed`."""
    rid = ArmId.parse(machine_id)
    return await get_machine_named(azure, rid.group, rid.name)


async def get_machine_named(azure: Azure, group: str, name: str) -> Machine:
    """Read a VM by its group and name. Raises `NotFound`, `AuthorizationFailed`."""
    get = azure.compute.virtual_machines.get
    model = await azure.call(f"read VM {name}", get, group, name, expand="instanceView")
    return read_machine(plain(model), group)


async def create_machine_attached(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    like: Machine,
    size: str,
    os_disk_id: str,
    data_disks: Mapping[int, str],
    interface_id: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    progress: Progress | None = None,
) -> Machine:
    """Make a VM on ready disks (LUN -> disk id), in the image of `like`: a clone, with nothing provisioned.

    Idempotent by name while the disks are the same. Raises `NotFound` (disk, interface), `SkuNotAvailable`,
    `AllocationFailed`, `QuotaExceeded`, `MarketplaceTermsOrPlan`, `PolicyDenied`, `Conflict`,
    `OperationTimedOut`.
    """
    body = attached_body(
        location,
        like,
        size=size,
        os_disk_id=os_disk_id,
        data_disks=data_disks,
        interface_id=interface_id,
        tags=tags,
    )
    return await _create(azure, group, name, body, deadline=deadline, progress=progress)


async def create_machine_from_image(
    azure: Azure,
    group: str,
    name: str,
    location: str,
    *,
    image: str,
    size: str,
    computer_name: str,
    admin: str,
    public_key: str | None = None,
    password: SecretStr | None = None,
    os_disk_name: str,
    luns: Sequence[int],
    interface_id: str,
    tags: Mapping[str, str],
    deadline: timedelta,
    security: SecurityProfile | None = None,
    plan: Plan | None = None,
    progress: Progress | None = None,
) -> Machine:
    """Make a VM from an image (resource id or URN): Linux with a key, Windows with a password.

    Its data disks come up at the image's `luns`.

    The call ends when the guest agent reports the guest as provisioned. Raises what `create_machine_attached`
    does, and `ProvisioningTimedOut` or `ProvisioningFailed` where the guest does not provision itself, which
    most often means that the image was not generalized.
    """
    body = image_body(
        location,
        image=image,
        size=size,
        computer_name=computer_name,
        admin=admin,
        public_key=public_key,
        password=password,
        os_disk_name=os_disk_name,
        luns=luns,
        interface_id=interface_id,
        tags=tags,
        security=security or SecurityProfile(),
        plan=plan,
    )
    return await _create(azure, group, name, body, deadline=deadline, progress=progress)


async def _create(
    azure: Azure,
    group: str,
    name: str,
    body: dict[str, Any],
    *,
    deadline: timedelta,
    progress: Progress | None,
) -> Machine:
    what = f"create VM {name}"

    async def look() -> Existing[Machine] | None:
        try:
            machine = await get_machine_named(azure, group, name)
        except NotFound:
            return None
        return Existing(machine, machine.provisioning_state, machine.tags)

    async def make(left: timedelta) -> Machine:
        create = azure.compute.virtual_machines.begin_create_or_update
        operation = await azure.begin(what, create, group, name, models.VirtualMachine(body))
        await azure.wait(operation, deadline=left, progress=progress)
        return await get_machine_named(azure, group, name)

    async def away(left: timedelta) -> None:
        machine = await get_machine_named(azure, group, name)
        await delete_machine(azure, machine.id, deadline=left)

    return await ensure(
        azure,
        what,
        look=look,
        make=make,
        remove=away,
        tags=body["tags"],
        deadline=deadline,
        progress=progress,
    )


async def start(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Start the VM. Raises `OperationNotAllowed` (generalized), `AllocationFailed`, `Busy`."""
    await _switch(
        azure,
        "start",
        machine_id,
        azure.compute.virtual_machines.begin_start,
        becomes=_RUNS,
        deadline=deadline,
        progress=progress,
    )


async def restart(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Restart the guest. Raises `OperationNotAllowed` (not running), `Busy`, `OperationTimedOut`."""
    await _switch(
        azure,
        "restart",
        machine_id,
        azure.compute.virtual_machines.begin_restart,
        becomes=_NOTHING,
        deadline=deadline,
        progress=progress,
    )


async def power_off(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Shut the guest down gracefully; the VM stays allocated.

    Raises `OperationNotAllowed` for a deallocated VM, `Busy`, `OperationTimedOut`.
    """
    await _switch(
        azure,
        "power off",
        machine_id,
        azure.compute.virtual_machines.begin_power_off,
        becomes=_STOPPED,
        deadline=deadline,
        progress=progress,
    )


async def deallocate(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Shut down and give the hardware back. Raises `Busy`, `OperationNotAllowed` (ephemeral OS disk)."""
    await _switch(
        azure,
        "deallocate",
        machine_id,
        azure.compute.virtual_machines.begin_deallocate,
        becomes=_DEALLOCATED,
        deadline=deadline,
        progress=progress,
    )


async def wait_settled(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> Machine:
    """Wait until nothing is under way on the VM, and return it. Raises `NotFound`, `OperationTimedOut`."""
    what = f"see VM {ArmId.parse(machine_id).name} settled"

    async def look() -> Seen[Machine]:
        machine = await get_machine(azure, machine_id)
        return Seen(machine, f"{machine.provisioning_state}, {machine.power_state}", _is_settled(machine))

    return await look_until_done(azure, what, look, deadline=deadline, progress=progress)


async def generalize(azure: Azure, machine_id: str) -> None:
    """Mark the VM as generalized. **Irreversible**: it never starts again, and Azure believes every word.

    Azure does not look into the guest: whoever calls this has the evidence. Raises `OperationNotAllowed`
    while the VM runs.
    """
    rid = ArmId.parse(machine_id)
    what, method = f"generalize VM {rid.name}", azure.compute.virtual_machines.generalize

    async def is_done() -> bool:
        return (await get_machine(azure, machine_id)).generalized

    await ask(
        azure, lambda: azure.call(what, method, rid.group, rid.name), is_done, deadline=_GENERALIZE_DEADLINE
    )


async def delete_machine(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> None:
    """Delete the VM, and with it what its `deleteOption`s say; a VM that is not there is fine.

    Raises `ScopeLocked`, `OperationTimedOut`.
    """
    rid = ArmId.parse(machine_id)
    delete = azure.compute.virtual_machines.begin_delete
    what = f"delete VM {rid.name}"
    await remove(
        azure,
        what,
        lambda: azure.begin(what, delete, rid.group, rid.name),
        deadline=deadline,
        progress=progress,
    )


async def delete_own_machine(azure: Azure, group: str, name: str, run_id: str, deadline: timedelta) -> None:
    """Delete the VM of this name that a run made; `NameTaken` for another's, none is fine."""
    with contextlib.suppress(NotFound):
        machine = await get_machine_named(azure, group, name)
        require_owner(f"delete VM {name}", machine.tags, run_id)
        await delete_machine(azure, machine.id, deadline=deadline)


async def set_delete_options(
    azure: Azure, machine_id: str, option: DeleteOption, *, deadline: timedelta
) -> Machine:
    """Say for every disk and interface whether it goes with the VM, and return the VM as read back.

    Raises `NotFound`, `OperationNotAllowed` (generalized), `Busy`, `OperationTimedOut`.
    """
    machine = await get_machine(azure, machine_id)
    operation = await azure.begin(
        f"set delete options of VM {machine.name}",
        azure.compute.virtual_machines.begin_update,
        machine.group,
        machine.name,
        models.VirtualMachineUpdate(_delete_options_body(machine, option)),
    )
    await azure.wait(operation, deadline=deadline)
    return await get_machine(azure, machine_id)


async def list_extensions(azure: Azure, machine: Machine) -> list[Json]:
    """The REST bodies of the VM's extensions. Azure never shows their protected settings."""
    what = f"list the extensions of VM {machine.name}"
    method = azure.compute.virtual_machine_extensions.list
    found = await azure.call(what, method, machine.group, machine.name)
    return [plain(one) for one in found.value or ()]


async def create_machine(
    azure: Azure,
    group: str,
    name: str,
    body: Mapping[str, Any],
    *,
    deadline: timedelta,
    progress: Progress | None = None,
) -> Machine:
    """Make a VM from a REST body that was planned elsewhere. Raises what `create_machine_attached` does."""
    return await _create(azure, group, name, dict(body), deadline=deadline, progress=progress)


async def update_machine(
    azure: Azure, machine_id: str, body: Mapping[str, Any], *, deadline: timedelta
) -> Machine:
    """Change parts of a VM, and return it as read back. A list in the body replaces the whole list.

    Raises `NotFound`, `OperationNotAllowed` (generalized; not deallocated for another OS disk), `Busy`,
    `InvalidRequest`, `OperationTimedOut`.
    """
    rid = ArmId.parse(machine_id)
    operation = await azure.begin(
        f"update VM {rid.name}",
        azure.compute.virtual_machines.begin_update,
        rid.group,
        rid.name,
        models.VirtualMachineUpdate(dict(body)),
    )
    await azure.wait(operation, deadline=deadline)
    return await get_machine(azure, machine_id)


async def wait_for_agent(
    azure: Azure, machine_id: str, *, deadline: timedelta, progress: Progress | None = None
) -> Agent:
    """Wait until the guest agent reports "Ready"; only then Run Command works.

    Raises `OperationTimedOut` with the agent's last status, `ExtensionFailed` where the VM is not running.
    """
    what = f"see the agent of VM {ArmId.parse(machine_id).name} ready"

    async def look() -> Seen[Agent]:
        machine = await get_machine(azure, machine_id)
        if not machine.agent.ready and machine.power_state in ("stopped", "deallocated"):
            raise ExtensionFailed(what, AzureFault(text=f"the VM is {machine.power_state}"))
        return Seen(machine.agent, f"agent: {machine.agent.status or 'no report'}", machine.agent.ready)

    return await look_until_done(
        azure, what, look, deadline=deadline, progress=progress, longest=AGENT_REPORTS_EVERY
    )


async def serial_log(azure: Azure, machine_id: str, *, lines: int = 200) -> str:
    """Return the last lines that the guest wrote to its serial console; empty where there are none.

    Raises `NotFound`, `Conflict` where boot diagnostics are off.
    """
    rid = ArmId.parse(machine_id)
    what = f"read the serial log of VM {rid.name}"
    method = azure.compute.virtual_machines.retrieve_boot_diagnostics_data
    found = await azure.call(what, method, rid.group, rid.name)
    if not found.serial_console_log_blob_uri:
        return ""
    text = await azure.download(what, found.serial_console_log_blob_uri, last_bytes=_SERIAL_LOG_BYTES)
    return "\n".join(text.decode("utf-8", "replace").splitlines()[-lines:])


async def _switch(
    azure: Azure,
    verb: str,
    machine_id: str,
    method: Callable[..., Any],  # Any: begin_* methods that differ only in options that we do not use
    *,
    becomes: Collection[str],
    deadline: timedelta,
    progress: Progress | None,
) -> None:
    """Ask, and wait for the end; where the answer is lost, until the power state is what it `becomes`."""
    rid, ends = ArmId.parse(machine_id), azure.clock.monotonic() + deadline.total_seconds()

    async def is_done() -> bool:
        machine = await get_machine(azure, machine_id)
        return machine.power_state in becomes and _is_settled(machine)

    operation = await ask(
        azure,
        lambda: azure.begin(f"{verb} VM {rid.name}", method, rid.group, rid.name),
        is_done,
        deadline=deadline,
    )
    if operation is not None:
        left = timedelta(seconds=max(0.0, ends - azure.clock.monotonic()))
        await azure.wait(operation, deadline=left, progress=progress)


def _is_settled(machine: Machine) -> bool:
    return machine.power_state not in _SWITCHING and machine.provisioning_state not in (
        "Updating",
        "Creating",
    )


def _delete_options_body(machine: Machine, option: DeleteOption) -> dict[str, Any]:
    """A PATCH replaces whole lists, so every disk and interface is named again as it is."""
    disks = dig(machine.raw, "properties", "storageProfile", "dataDisks") or ()
    interfaces = dig(machine.raw, "properties", "networkProfile", "networkInterfaces") or ()
    return {
        "properties": {
            "storageProfile": {
                "osDisk": {"deleteOption": option},
                "dataDisks": [{**disk, "deleteOption": option} for disk in disks],
            },
            "networkProfile": {
                "networkInterfaces": [
                    {**entry, "properties": {**(entry.get("properties") or {}), "deleteOption": option}}
                    for entry in interfaces
                ]
            },
        }
    }
