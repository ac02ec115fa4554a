"""Back up: every disk of the source VM and the VM's whole model, complete before anything destructive.

A running VM with several disks is captured by a restore point, which is crash-consistent across disks; single
snapshots of its disks would be of different moments. Snapshots serve a VM that is off or has a single disk.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from factory.azure import disks, groups, machines, restore_points
from factory.azure.client import Azure
from factory.azure.machines import Machine
from factory.errors import BackupIncomplete
from factory.run import Run

MANIFEST = "backup-manifest.json"
MANIFEST_VERSION = 1


class Part(BaseModel):
    """The backup of one disk: what a disk is made from to have it again. `lun` is None for the OS disk."""

    model_config = ConfigDict(frozen=True)

    lun: int | None
    disk_id: str
    disk_name: str
    size_gb: int
    sku: str
    caching: str
    source_id: str
    """A disk restore point or a snapshot."""


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
            tags = run.plan.tags("backup")
            await groups.create_group(azure, run.plan.backup_group, location=machine.location, tags=tags)
            backup = await _make(run, azure, machine)
            await verify_backup(run, azure, machine, backup)
        sha256 = run.record.save(MANIFEST, manifest(machine, backup))
        run.record.write("back-up", "fact", f"{backup.method}, {backup.consistency}", parts=len(backup.parts))
        return backup.model_copy(update={"manifest_sha256": sha256})


def choose_method(machine: Machine) -> Literal["restore-point", "snapshots"]:
    """A restore point when several disks are being written to at once."""
    several = len(machine.data_disks) > 0
    return "restore-point" if machine.power_state == "running" and several else "snapshots"


def manifest(machine: Machine, backup: Backup) -> dict[str, object]:
    """All that is needed to have the VM again: its model as Azure shows it, and where each disk's copy is."""
    return {
        "version": MANIFEST_VERSION,
        "machine": machine.raw,
        "backup": backup.model_dump(mode="json"),
    }


def find_faults(machine: Machine, backup: Backup) -> list[str]:
    """What keeps a backup from being complete: a disk without a part, or with one of another size."""
    faults = []
    parts = {part.disk_id.lower(): part for part in backup.parts}
    for disk in machine.disks:
        part = parts.get(disk.id.lower())
        if part is None:
            faults.append(f"disk {disk.name} is not in the backup")
        elif part.size_gb != disk.size_gb:
            faults.append(f"disk {disk.name} has {disk.size_gb} GiB, its backup {part.size_gb} GiB")
    return faults


async def verify_backup(run: Run, azure: Azure, machine: Machine, backup: Backup) -> None:
    """Read the backup back from Azure; BackupIncomplete unless every disk is there, whole."""
    faults = find_faults(machine, backup)
    faults += [fault for part in backup.parts for fault in await _read_back(azure, part)]
    if faults:
        raise BackupIncomplete(
            f"the backup of {machine.name} is not complete: {'; '.join(faults)}",
            remedy=f"nothing was changed; look at the resource group {run.plan.backup_group}, then run again",
        )


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
    point = await restore_points.create_restore_point(
        azure,
        plan.backup_group,
        plan.restore_point_collection,
        plan.restore_point,
        consistency="CrashConsistent",
        deadline=plan.recipe.deadline("backup"),
    )
    copies = {disk.disk_id.lower(): disk.restore_point_id for disk in point.disks if disk.disk_id}
    found = [disk for disk in machine.disks if disk.id.lower() in copies]
    return Backup(
        method="restore-point",
        consistency=point.consistency,
        group=plan.backup_group,
        parts=tuple(_part(disk, copies[disk.id.lower()]) for disk in found),
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
    if "/restorepoints/" in part.source_id.lower():
        state = await restore_points.get_disk_restore_point_state(azure, part.source_id)
    else:
        state = await disks.get_snapshot_state(azure, part.source_id)
    return [f"the copy of {part.disk_name} is {state}"] if state != "complete" else []
