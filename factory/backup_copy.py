"""A copy of a backup in another region, for the day on which the whole region is gone.

Only incremental snapshots go from region to region, in the background (CopyStart). Disks of a restore point
become a disk and a snapshot first, in the scaffolding, both of the same moment as the point. The copy has its
own group and a manifest of its own, that names its snapshots.
"""

import asyncio

from factory.azure import deployments, disks, groups
from factory.azure.client import Azure
from factory.manifest import DEPLOYMENT, Manifest, Part
from factory.run import Run

TAG_SOURCE = "golden-source"
TAG_VERIFIED = "golden-verified"
"""When the backup was found whole. A group without it is not offered as a backup without a word."""
TAG_COPY = "golden-copy-of"
"""On the group of a copy: the group of the backup that it is a copy of."""


async def copy_to_region(run: Run, azure: Azure, manifest: Manifest) -> None:
    """Copy a complete backup to the recipe's other region, and wait until it is whole there; or do nothing.

    Raises `CopyFailed`, `QuotaExceeded`, `OperationTimedOut`. Idempotent by name.
    """
    plan = run.plan
    region, group = plan.recipe.backup.copy_to_region, plan.backup_copy_group
    if region is None or group is None:
        return
    tags = {**plan.tags("backup"), TAG_SOURCE: manifest.machine.id, TAG_COPY: manifest.group}
    await groups.create_group(azure, group, location=region, tags=tags)
    copies = await asyncio.gather(*(_copy(run, azure, part, group, region) for part in manifest.parts))
    theirs = manifest.model_copy(update={"group": group, "method": "snapshots", "parts": tuple(copies)})
    await deployments.keep_text(azure, group, DEPLOYMENT, theirs.text(), tags=plan.tags("backup"))
    now = run.clock.now().isoformat(timespec="seconds")
    await groups.set_tags(azure, group, {**tags, TAG_VERIFIED: now})
    run.record.write("back-up", "fact", f"copied to {region}: {group}", group=group)


async def _copy(run: Run, azure: Azure, part: Part, group: str, region: str) -> Part:
    plan = run.plan
    source = part.source_id
    if "/restorepoints/" in source.lower():
        source = await _snapshot_of_point(run, azure, part)
    made = await disks.create_snapshot(
        azure,
        group,
        plan.snapshot(part.lun),
        region,
        source_id=source,
        tags=plan.tags("backup"),
        deadline=plan.recipe.deadline("backup"),
        option="CopyStart",
        progress=lambda text: run.record.write("back-up", "progress", f"to {region}: {text}"),
    )
    return part.model_copy(update={"source_id": made.id})


async def _snapshot_of_point(run: Run, azure: Azure, part: Part) -> str:
    """An incremental snapshot of a disk of a restore point; it goes with the run's scaffolding."""
    plan, tags = run.plan, run.plan.tags("scaffolding")
    deadline = plan.recipe.deadline("backup")
    name, location = f"{plan.trial_disk(part.lun)}-copy", plan.recipe.location
    disk = await disks.create_disk_from_copy(
        azure,
        plan.scaffold_group,
        name,
        location,
        source_id=part.source_id,
        sku="Standard_LRS",
        tags=tags,
        deadline=deadline,
    )
    made = await disks.create_snapshot(
        azure, plan.scaffold_group, name, location, source_id=disk, tags=tags, deadline=deadline
    )
    return made.id
