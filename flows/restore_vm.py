"""Restore a VM from a backup of the factory."""

from prefect import flow

from factory.restore import Restored
from tasks.restore import restore


@flow(
    name="restore-vm",
    flow_run_name="backup {backup}",
    persist_result=True,
    result_serializer="json",
    log_prints=False,
)
async def restore_vm(
    backup: str, name: str | None = None, in_place: bool = False, restore_id: str | None = None
) -> Restored:
    """Have the VM of a backup again: same disks at the same LUNs, interfaces, addresses, tags and identities.

    `golden restore BACKUP --dry-run` tells what will be done and what cannot come back.

    Args:
        backup: The run that made the backup, or the backup's resource group; `golden backups` lists them.
        name: Make another VM of this name beside the original, in a resource group of its own.
        in_place: Exchange the disks of the original, or make it again where it is generalized or gone.
        restore_id: Leave empty. Names what the restore makes; by default made from the time.
    """
    restored: Restored = await restore(backup, name, in_place, restore_id)
    return restored
