"""The in-place strategy: the original itself is generalized, and comes back from its backup by itself.

For who may not run a second machine. It is refused unless every feature of the VM is one whose restore is
tested, and nothing of the VM may go with it: before anything is changed every disk, interface and address is
set to stay, and read back. From the first change on, whatever goes wrong, the original is restored.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from factory.azure import groups, locks, machines, network
from factory.azure.client import Azure
from factory.azure.ids import ArmId
from factory.azure.locks import Lock
from factory.azure.machines import Machine
from factory.azure.wire import dig
from factory.backup import MANIFEST
from factory.errors import AzureFault, FactoryError, NotFound, OperationNotAllowed, OriginalTouched
from factory.inventory import public_ids, read_whole_machine
from factory.manifest import MachineModel, Manifest, interface_body
from factory.recipe import Recipe
from factory.remote.reach import answers
from factory.restore import Restored, carry_out, look_at_live
from factory.restore_losses import tell_losses
from factory.restore_plan import plan_restore
from factory.run import Run

STEP = "original"
TOUCHED = "original-touched.json"
"""In the record from before the first change of the original until it is restored."""
RESTORED = "original-restored.json"
TAG_FREEZE = "golden-freeze"
"""On a VM or its group: nothing of it may be copied or changed, for ever or until the time that it says."""

DEADLINE = timedelta(minutes=20)

PROVEN = frozenset(
    {
        "data disks",
        "several interfaces",
        "static private address",
        "public address",
        "user-assigned identity",
        "zone",
        "tags",
    }
)
"""Features of a VM whose restore has a passing test; a test holds this list and its own together."""

_TESTED_PROPERTIES = frozenset({"hardwareProfile", "diagnosticsProfile", "priority", "licenseType"})
_REMEDY = "use strategy 'clone', which does not touch the original"


def features(model: MachineModel) -> frozenset[str]:
    """What there is about a VM that a restore has to bring back. Pure."""
    addresses = [address for one in model.interfaces for address in one.addresses]
    found = {
        "data disks": bool(model.data_disks),
        "several interfaces": len(model.interfaces) > 1,
        "several addresses on an interface": any(len(one.addresses) > 1 for one in model.interfaces),
        "static private address": any(one.allocation == "Static" for one in addresses),
        "public address": any(one.public_id for one in addresses),
        "user-assigned identity": bool(model.identity and model.identity.user_assigned),
        "system-assigned identity": bool(model.identity and "SystemAssigned" in model.identity.type),
        "zone": bool(model.zones),
        "tags": bool(model.tags),
        "extensions": bool(model.extensions),
        "purchase plan": bool(model.plan),
        "security type": bool((model.security or {}).get("securityType")),
        "disk encryption set": any((one.encryption or {}).get("diskEncryptionSetId") for one in model.disks),
        "Windows": model.os_type == "Windows",
    }
    others = {name for name, value in model.properties.items() if value and name not in _TESTED_PROPERTIES}
    others.discard("securityProfile")
    return frozenset({name for name, there in found.items() if there} | others)


def judge_shape(model: MachineModel) -> list[str]:
    """What of this VM no tested restore brings back. Pure."""
    unproven = sorted(features(model) - PROVEN)
    return [f"the VM has {name}, whose restore is not proven: {_REMEDY}" for name in unproven]


def judge_locks(found: Sequence[Lock]) -> list[str]:
    """In place, the original is changed and deleted: any lock on it forbids that. Pure."""
    return [
        f"lock {lock.name} ({lock.level}) on {lock.scope} forbids to change or delete the original: ask its "
        f"owner to remove it for the time of the run (az lock delete --ids {lock.id}), or {_REMEDY}"
        for lock in found
    ]


def judge_freeze(tags: Iterable[tuple[str, str]], now: datetime) -> list[str]:
    """An agreed freeze, by tag: what cannot be read as a time holds for ever. Pure."""
    findings = []
    for name, value in tags:
        if name.lower() != TAG_FREEZE:
            continue
        try:
            until: datetime | None = datetime.fromisoformat(value)
        except ValueError:
            until = None
        if until is None or until.tzinfo is None or until > now:
            findings.append(f"the source is frozen by its tag {name}={value}: wait, or have the tag removed")
    return findings


async def find_obstacles(azure: Azure, recipe: Recipe, machine: Machine, *, now: datetime) -> list[str]:
    """Every reason not to generalize this VM in place; looked at before anything is made."""
    model = await read_whole_machine(azure, machine)
    group = await groups.get_group(azure, machine.group)
    held = [machine.id, *(disk.id for disk in machine.disks), *machine.interface_ids]
    held += [address.public_id for one in model.interfaces for address in one.addresses if address.public_id]
    findings = judge_shape(model) + judge_locks(await locks.find_locks(azure, held))
    findings += judge_freeze([*machine.tags.items(), *(group.tags.items() if group else ())], now)
    if machine.power_state != "running":
        findings.append(f"the source is {machine.power_state}; in place it is worked on as it runs: start it")
    if recipe.kind == "os-image" and machine.data_disks:
        findings.append(f"in place an image is of all disks of the source, kind 'os-image' of one: {_REMEDY}")
    if recipe.build.transport == "ssh" and machine.power_state == "running":
        address, port = await address_of(azure, machine), recipe.build.ssh_port
        if not await answers(address, port):
            findings.append(
                f"the worker cannot reach the source at {address}:{port}: let its security group admit the "
                f"worker there, or {_REMEDY}"
            )
    return findings


async def address_of(azure: Azure, machine: Machine) -> str:
    """The private address of a VM's primary interface."""
    entries = list(dig(machine.raw, "properties", "networkProfile", "networkInterfaces") or ())
    primary = next((one for one in entries if dig(one, "properties", "primary")), entries[0])
    return (await network.get_interface(azure, str(primary["id"]))).private_ip


def confirm_original(run: Run, captured: bool) -> str:
    """What an entered-again run goes on with, in words. OriginalTouched where it cannot go on.

    Up to the capture nobody can say how far an interrupted entry came in the original; and a run that has
    restored it once has used up the names of its disks.
    """
    if captured:
        return "the original was captured"
    raise OriginalTouched(
        run.plan.recipe.source.vm or "", run.plan.run_id, restored=not run.record.has(TOUCHED)
    )


async def adopt_original(run: Run, azure: Azure) -> tuple[Machine, str]:
    """Take the original as the machine to be generalized, with its private address.

    All that hangs on it is set to stay; then, before the first change, the record says that it is changed.
    """
    if run.record.has(TOUCHED) or run.record.has(RESTORED):
        confirm_original(run, captured=False)
    manifest = Manifest.model_validate(run.record.load(MANIFEST))
    there = frozenset(one.id.lower() for one in manifest.machine.interfaces)
    for loss in tell_losses(manifest, "recreate", there | _public_of(manifest)):
        run.record.write(STEP, "fact", f"cannot come back: {loss}")
    machine = await keep_everything(azure, run.plan.recipe.source.vm or "")
    address = await address_of(azure, machine)
    run.record.save(TOUCHED, {"machine": machine.id, "at": run.clock.now().isoformat()})
    run.record.write(STEP, "fact", "disks, interfaces and addresses stay, whatever becomes of the VM")
    return machine, address


def _public_of(manifest: Manifest) -> frozenset[str]:
    found = [address.public_id for one in manifest.machine.interfaces for address in one.addresses]
    return frozenset(one.lower() for one in found if one)


async def keep_everything(azure: Azure, machine_id: str) -> Machine:
    """Set every disk, interface and address of a VM to stay when it is deleted, and read that back."""
    machine = await machines.get_machine(azure, machine_id)
    for interface in machine.interface_ids:
        await _keep_addresses(azure, interface)
    if _going(machine):
        machine = await machines.set_delete_options(azure, machine_id, "Detach", deadline=DEADLINE)
    if _going(machine):
        raise OperationNotAllowed(
            f"keep what hangs on VM {machine.name}",
            AzureFault(text=f"{', '.join(_going(machine))} would still be deleted with it"),
        )
    return machine


def _going(machine: Machine) -> list[str]:
    going = [disk.name for disk in machine.disks if disk.delete_option == "Delete"]
    return going + [ArmId.parse(one).name for one in machine.interfaces_deleted_with_it]


async def _keep_addresses(azure: Azure, interface_id: str) -> None:
    body = await groups.read_resource(azure, interface_id)
    if body is None:
        raise NotFound(f"read network interface {interface_id}")
    if not public_ids([body]) or not _deletes_addresses(body):
        return
    properties = interface_body(body["properties"])
    for one in properties["ipConfigurations"]:
        public = one["properties"].get("publicIPAddress")
        if public:
            one["properties"]["publicIPAddress"] = {
                "id": public["id"],
                "properties": {"deleteOption": "Detach"},
            }
    written = {key: body[key] for key in ("location", "tags") if key in body} | {"properties": properties}
    after = await groups.write_resource(azure, interface_id, written, deadline=DEADLINE)
    if _deletes_addresses(after):
        raise OperationNotAllowed(
            f"keep the addresses of {interface_id}", AzureFault(text="their deleteOption is still Delete")
        )


def _deletes_addresses(body: Any) -> bool:
    configurations = dig(body, "properties", "ipConfigurations") or ()
    return any(
        dig(one, "properties", "publicIPAddress", "properties", "deleteOption") == "Delete"
        for one in configurations
    )


async def give_back(run: Run) -> Restored | None:
    """Restore the original, if this run has begun to change it; what was restored already stays so."""
    if not run.record.has(TOUCHED):
        return None
    manifest = Manifest.model_validate(run.record.load(MANIFEST))
    async with run.azure() as azure:
        live = await look_at_live(azure, manifest)
        plan = plan_restore(manifest, live, restore_id=run.plan.run_id, now=run.clock.now())
        restored = await carry_out(azure, plan, run.record)
    run.record.save(RESTORED, restored.model_dump(mode="json"))
    run.record.remove(TOUCHED)
    run.record.write(STEP, "fact", f"{manifest.machine.name} is restored and {restored.power_state}")
    return restored


async def give_back_after(run: Run, error: BaseException) -> None:
    """Restore the original after a failure, and say so beside the error; never hides it."""
    if not run.record.has(TOUCHED):
        return
    manual = f"golden restore {run.plan.run_id} --in-place"
    if not isinstance(error, Exception):
        error.add_note(f"the original was changed and is not restored yet: {manual}")
        run.record.write(STEP, "warning", "not restored: the run was told to stop", remedy=manual)
        return
    try:
        restored = await give_back(run)
    except FactoryError as trouble:
        error.add_note(f"the original could not be restored: {trouble.message}; {manual}")
        run.record.write(STEP, "warning", f"not restored: {trouble.message}", remedy=manual)
        return
    if restored:
        error.add_note(f"the original was restored from its backup and is {restored.power_state}")
        if isinstance(error, FactoryError) and error.remedy:
            error.remedy = error.remedy.replace("the source was not touched", "the original was restored")
