"""Back up: every disk of the source VM and the VM's whole model, complete before anything destructive.

A running VM with several disks is captured by a restore point, which is consistent across disks; single
snapshots of its disks would be of different moments. Snapshots serve a VM that is off or has a single disk.
Azure is asked to quiesce a guest whose agent is there; where it cannot, the point is crash-consistent, and
that is told. Nothing counts before it was looked at again: see `verify_backup`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from factory import errors
from factory.azure import deployments, disks, groups, machines, restore_points
from factory.azure.client import Azure
from factory.azure.ids import same_id
from factory.azure.machines import Machine
from factory.azure.restore_points import Consistency, RestorePoint
from factory.backup_copy import TAG_SOURCE, TAG_VERIFIED, copy_to_region
from factory.errors import BackupIncomplete, FactoryError
from factory.inventory import read_whole_machine
from factory.manifest import DEPLOYMENT, MachineModel, Manifest, Part, parse_manifest
from factory.memory import once
from factory.run import Run

MANIFEST = "backup-manifest.json"
CANNOT_QUIESCE = (
    errors.NotImplementedByService,
    errors.ProvisioningFailed,
    errors.InvalidRequest,
    errors.OperationNotAllowed,
)
"""What Azure answers where the guest cannot be quiesced: then a crash-consistent point is taken."""


class Backup(BaseModel):
    """A complete backup, or the statement that there was nothing to back up (`method` none)."""

    model_config = ConfigDict(frozen=True)

    method: Literal["restore-point", "snapshots", "none"]
    consistency: str = ""
    group: str | None = None
    parts: tuple[Part, ...] = ()
    manifest_sha256: str | None = None

    def part(self, lun: int | None) -> Part:
        """The part of the OS disk (None) or of the data disk at a LUN."""
        return next(part for part in self.parts if part.lun == lun)


async def find_backup(run: Run, backup: Backup) -> str | None:
    """Look whether every part of a backup is still there, whole."""
    async with run.azure() as azure:
        for part in backup.parts:
            if await _read_back(azure, part):
                return None
    return f"{len(backup.parts)} parts are complete in {backup.group}" if backup.parts else "none was needed"


@once("back-up", confirm=find_backup, until="build", keeps=(MANIFEST,))
async def back_up_source(run: Run) -> Backup:
    """Back up the source VM; a source image needs no backup, since it is only read.

    Errors: BackupIncomplete names the part that is missing; AzureError as Azure says.
    """
    source = run.plan.recipe.source.vm
    with run.record.step("back-up", source or "the source is an image: nothing of the user's is changed"):
        if source is None:
            return Backup(method="none")
        async with run.azure() as azure:
            machine = await machines.get_machine(azure, source)
            model = await read_whole_machine(azure, machine)
            await _create_group(run, azure, machine)
            backup = await _make(run, azure, machine)
            manifest = _manifest(run, model, backup)
            await deployments.keep_text(
                azure, run.plan.backup_group, DEPLOYMENT, manifest.text(), tags=run.plan.tags("backup")
            )
            await verify_backup(run, azure, manifest)
            await copy_to_region(run, azure, manifest)
            manifest = await _copy_to_container(run, azure, manifest)
        run.record.save(MANIFEST, manifest.model_dump(mode="json"))
        run.record.write("back-up", "fact", f"{backup.method}, {backup.consistency}", parts=len(backup.parts))
        return backup.model_copy(update={"manifest_sha256": _sha256(manifest)})


async def _copy_to_container(run: Run, azure: Azure, manifest: Manifest) -> Manifest:
    """Copy to the recipe's container, if it wants that; the manifest in the cloud then tells where, too."""
    if run.plan.recipe.backup.copy_to_container is None:
        return manifest
    from factory.backup_container import copy_to_container  # noqa: PLC0415 - slow, and seldom

    copied = await copy_to_container(run, azure, manifest)
    tags = run.plan.tags("backup")
    await deployments.keep_text(azure, manifest.group, DEPLOYMENT, copied.text(), tags=tags)
    return copied


def choose_method(machine: Machine) -> Literal["restore-point", "snapshots"]:
    """A restore point when several disks are being written to at once."""
    several = len(machine.data_disks) > 0
    return "restore-point" if machine.power_state == "running" and several else "snapshots"


def choose_consistency(machine: Machine) -> Consistency | None:
    """What to ask a restore point for first: None leaves it to Azure, which needs the guest's agent."""
    return None if machine.agent.ready else "CrashConsistent"


def find_faults(machine: MachineModel, parts: Sequence[Part]) -> list[str]:
    """What keeps a backup from being complete: a disk without a part, or with one of another size."""
    faults = []
    for disk in machine.disks:
        part = next((part for part in parts if same_id(part.disk_id, disk.id)), None)
        if part is None:
            faults.append(f"disk {disk.name} is not in the backup")
        elif part.size_gb != disk.size_gb:
            faults.append(f"disk {disk.name} has {disk.size_gb} GiB, its backup {part.size_gb} GiB")
    return faults


async def verify_backup(run: Run, azure: Azure, manifest: Manifest) -> None:
    """Look again: every part whole and of its disk's size, the manifest readable from the cloud, and a disk
    made from each part. Only then the group is marked as a backup. BackupIncomplete tells all faults.
    """
    faults = find_faults(manifest.machine, manifest.parts)
    faults += [fault for part in manifest.parts for fault in await _read_back(azure, part)]
    faults += await _read_manifest_back(azure, manifest)
    if not faults:
        faults = await _try_parts(run, azure, manifest)
    if faults:
        raise BackupIncomplete(
            f"the backup of {manifest.machine.name} is not complete: {'; '.join(faults)}",
            remedy=f"nothing was changed; look at the resource group {manifest.group}, then run again",
        )
    run.record.write(
        "back-up", "fact", f"verified: {len(manifest.parts)} trial disks, the manifest from the cloud"
    )
    await _create_group(run, azure, manifest.machine, {TAG_VERIFIED: _now(run)})


async def _create_group(
    run: Run, azure: Azure, machine: Machine | MachineModel, more: dict[str, str] | None = None
) -> None:
    tags = {**run.plan.tags("backup"), TAG_SOURCE: machine.id, **(more or {})}
    await groups.create_group(azure, run.plan.backup_group, location=machine.location, tags=tags)


def _manifest(run: Run, model: MachineModel, backup: Backup) -> Manifest:
    return Manifest(
        run_id=run.plan.run_id,
        factory=run.plan.recipe.factory,
        recipe=run.plan.recipe.name,
        group=run.plan.backup_group,
        taken=run.clock.now(),
        method=backup.method,
        consistency=backup.consistency,
        machine=model,
        parts=backup.parts,
    )


def _sha256(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.text().encode()).hexdigest()


def _now(run: Run) -> str:
    return run.clock.now().isoformat(timespec="seconds")


async def _make(run: Run, azure: Azure, machine: Machine) -> Backup:
    method = choose_method(machine)
    if method == "restore-point":
        return await _restore_point(run, azure, machine)
    return await _snapshots(run, azure, machine)


async def _restore_point(run: Run, azure: Azure, machine: Machine) -> Backup:
    plan = run.plan
    await restore_points.create_restore_point_collection(
        azure,
        plan.backup_group,
        plan.restore_point_collection,
        machine.location,
        source_id=machine.id,
        tags=plan.tags("backup"),
    )
    point = await _take_point(run, azure, choose_consistency(machine))
    copies = {disk.disk_id.lower(): disk for disk in point.disks if disk.disk_id}
    found = [disk for disk in machine.disks if disk.id.lower() in copies]
    return Backup(
        method="restore-point",
        consistency=point.consistency,
        group=plan.backup_group,
        parts=tuple(_part(disk, copies[disk.id.lower()].restore_point_id) for disk in found),
    )


async def _take_point(run: Run, azure: Azure, consistency: Consistency | None) -> RestorePoint:
    """Take the point; where the guest cannot be quiesced, a crash-consistent one in its stead."""
    plan = run.plan
    try:
        return await restore_points.create_restore_point(
            azure,
            plan.backup_group,
            plan.restore_point_collection,
            plan.restore_point,
            consistency=consistency,
            deadline=plan.recipe.deadline("backup"),
            progress=lambda text: run.record.write("back-up", "progress", text),
        )
    except CANNOT_QUIESCE as error:
        if consistency is not None:
            raise
        run.record.write(
            "back-up",
            "warning",
            f"the guest was not quiesced, the backup is crash-consistent: {error.message}",
        )
        await _remove_failed_point(run, azure)
        return await _take_point(run, azure, "CrashConsistent")


async def _remove_failed_point(run: Run, azure: Azure) -> None:
    """A point never changes, also one that failed: it has to go before another can have its name."""
    plan = run.plan
    collection = f"/subscriptions/{azure.connection.subscription_id}/resourceGroups/{plan.backup_group}"
    collection += f"/providers/Microsoft.Compute/restorePointCollections/{plan.restore_point_collection}"
    await restore_points.delete_restore_point(
        azure, f"{collection}/restorePoints/{plan.restore_point}", deadline=plan.recipe.deadline("cleanup")
    )


async def _snapshots(run: Run, azure: Azure, machine: Machine) -> Backup:
    plan = run.plan
    made = await asyncio.gather(
        *(
            disks.create_snapshot(
                azure,
                plan.backup_group,
                plan.snapshot(disk.lun),
                machine.location,
                source_id=disk.id,
                tags=plan.tags("backup"),
                deadline=plan.recipe.deadline("backup"),
                progress=lambda text: run.record.write("back-up", "progress", text),
            )
            for disk in machine.disks
        )
    )
    consistency = "CrashConsistent" if machine.power_state == "running" else "powered off"
    parts = _paired(machine.disks, [snapshot.id for snapshot in made])
    return Backup(method="snapshots", consistency=consistency, group=plan.backup_group, parts=parts)


def _paired(machine_disks: Sequence[machines.MachineDisk], ids: Sequence[str]) -> tuple[Part, ...]:
    return tuple(_part(disk, copy) for disk, copy in zip(machine_disks, ids, strict=True))


def _part(disk: machines.MachineDisk, copy: str) -> Part:
    return Part(
        lun=disk.lun,
        disk_id=disk.id,
        disk_name=disk.name,
        size_gb=disk.size_gb or 0,
        sku=disk.sku or "Standard_LRS",
        caching=disk.caching or "None",
        source_id=copy,
    )


async def _read_back(azure: Azure, part: Part) -> list[str]:
    """A part as Azure has it now: complete, and of its disk's size where Azure tells one."""
    if "/restorepoints/" in part.source_id.lower():
        state, size = await restore_points.get_disk_restore_point_state(azure, part.source_id), None
    else:
        snapshot = await disks.get_snapshot(azure, part.source_id)
        state, size = (snapshot.state, snapshot.size_gb) if snapshot else ("missing", None)
    faults = [] if state == disks.COMPLETE else [f"the copy of disk {part.disk_name} is {state}"]
    if size is not None and size != part.size_gb:
        faults.append(f"disk {part.disk_name} has {part.size_gb} GiB, its snapshot {size} GiB")
    return faults


async def _read_manifest_back(azure: Azure, manifest: Manifest) -> list[str]:
    text = await deployments.read_text(azure, manifest.group, DEPLOYMENT)
    if text is None:
        return ["the manifest is not in the cloud"]
    try:
        same = parse_manifest(text, f"resource group {manifest.group}") == manifest
    except FactoryError as error:
        return [error.message]
    return [] if same else ["the manifest in the cloud is not the one that was written"]


async def _try_parts(run: Run, azure: Azure, manifest: Manifest) -> list[str]:
    """Make a disk from each part, look at its size, delete it."""
    plan = run.plan
    tags = plan.tags("scaffolding")
    await groups.create_group(azure, plan.scaffold_group, location=manifest.machine.location, tags=tags)
    tried = await asyncio.gather(*(_try_part(run, azure, manifest, part) for part in manifest.parts))
    return [fault for faults in tried for fault in faults]


async def _try_part(run: Run, azure: Azure, manifest: Manifest, part: Part) -> list[str]:
    plan = run.plan
    try:
        trial = await disks.create_disk_from_copy(
            azure,
            plan.scaffold_group,
            plan.trial_disk(part.lun),
            manifest.machine.location,
            source_id=part.source_id,
            sku="Standard_LRS" if part.sku.startswith(("Ultra", "PremiumV2")) else part.sku,
            tags=plan.tags("scaffolding"),
            deadline=plan.recipe.deadline("backup"),
        )
        made = await disks.get_disk(azure, trial)
        await disks.delete_disk(azure, trial, deadline=plan.recipe.deadline("cleanup"))
    except FactoryError as error:
        return [f"no disk can be made from the copy of disk {part.disk_name}: {error.message}"]
    if made.size_gb != part.size_gb:
        return [f"a disk made from the copy of {part.disk_name} has {made.size_gb} GiB, not {part.size_gb}"]
    return []
