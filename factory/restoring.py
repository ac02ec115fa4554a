"""A restore from a backup's name to its end: find, plan, carry out. Shared by flow and command line."""

import os
from collections.abc import Mapping
from datetime import datetime

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.backups import Found, find_backup_named, read_manifest
from factory.clock import SystemClock
from factory.errors import InvalidInput, RestoreRefused
from factory.manifest import Manifest
from factory.record import open_record
from factory.restore import Restored, carry_out, look_at_live
from factory.restore_plan import Live, RestorePlan, plan_restore
from factory.run import fresh_run_id

PLAN = "restore-plan.json"
RESULT = "restored.json"


async def plan_from_backup(
    azure: Azure, backup: str, *, name: str | None, in_place: bool, restore_id: str | None, now: datetime
) -> RestorePlan:
    """Plan the restore of a backup, named by its run or its group. Makes nothing.

    An interrupted restore in place goes on under its own ID. InvalidInput where nobody said whether the VM
    that is there shall be changed.
    """
    if name is not None and in_place:
        raise InvalidInput("--as and --in-place exclude each other", remedy="give one of them")
    found = await find_backup_named(azure, backup)
    manifest = await read_manifest(azure, found)
    live = await look_at_live(azure, manifest)
    _say_where(manifest, live, name, in_place)
    chosen = restore_id or (found.restoring if name is None else None) or fresh_run_id()
    plan = plan_restore(manifest, live, restore_id=chosen, now=now, name=name)
    return plan.model_copy(update={"refusals": (*plan.refusals, *_of_backup(found))})


async def restore_backup(
    backup: str,
    *,
    name: str | None,
    in_place: bool,
    restore_id: str | None,
    env: Mapping[str, str] | None = None,
) -> Restored:
    """Plan and carry out; the record of it lies where those of runs lie. Errors as `carry_out`."""
    env, clock = os.environ if env is None else env, SystemClock()
    connection = Connection.from_environment(env)
    async with Azure(connection, run_id=restore_id, clock=clock) as azure:
        plan = await plan_from_backup(
            azure, backup, name=name, in_place=in_place, restore_id=restore_id, now=clock.now()
        )
        if plan.refusals:
            raise RestoreRefused(plan.backup, list(plan.refusals))
        record = open_record(env, plan.restore_id)
        with record.claim():
            record.save(PLAN, plan.model_dump(mode="json"))
            restored = await carry_out(azure, plan, record)
            record.save(RESULT, restored.model_dump(mode="json"))
    return restored


def _say_where(manifest: Manifest, live: Live, name: str | None, in_place: bool) -> None:
    if name is None and not in_place and live.machine is not None:
        raise InvalidInput(
            f"VM {manifest.machine.name} is there: its disks would be exchanged for those of the backup",
            remedy="say --in-place if that is meant, or --as NAME for another VM beside it",
        )


def _of_backup(found: Found) -> list[str]:
    if found.is_copy:
        return [
            f"{found.group} is a copy in {found.location}, where the VM's network is not: make disks there "
            "from its snapshots, as its manifest names them"
        ]
    if found.verified is None:
        return [f"the backup in {found.group} was never found whole: use another one"]
    return []
