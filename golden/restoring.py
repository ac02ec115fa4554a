"""Backups and restores from the command line: what cannot come back is told before anything is done."""

import asyncio
import json
import os
from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.backups import Found, describe_backup, find_backups
from factory.clock import SystemClock
from factory.errors import RestoreRefused
from factory.manifest import Manifest
from factory.record import open_record
from factory.restore import Restored
from factory.restore_plan import RestorePlan, describe_age
from factory.restoring import plan_from_backup
from golden.console import Trouble, console
from golden.rebuild import live_table, quiet_prefect


def print_backups(factory: str | None, *, as_json: bool) -> None:
    """All backups that the cloud holds, oldest first."""
    found = asyncio.run(_backups(factory))
    if as_json:
        typer.echo(json.dumps([_row(one, manifest) for one, manifest in found], indent=2))
        return
    if not found:
        console.print("there is no backup")
        return
    table = Table("backup", "VM", "taken", "disks", "how", "whole", "may be reaped after")
    for one, manifest in found:
        row = _row(one, manifest)
        whole = "[green]verified[/]" if row["verified"] else f"[red]no[/] {row['trouble'] or ''}"
        taken = (
            describe_age(manifest, SystemClock().now()) + " ago" if isinstance(manifest, Manifest) else "-"
        )
        disks = str(len(row["disks"])) if row["disks"] else "-"
        table.add_row(one.run_id, _name(one.source), taken, disks, row["how"], whole, _short(one.expires))
    console.print(table)
    console.print("`golden restore BACKUP --dry-run` tells what a restore would do")


def run_restore(
    backup: str, *, name: str | None, in_place: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Plan, tell, ask, carry out."""
    plan = asyncio.run(_plan(backup, name=name, in_place=in_place))
    if not as_json:
        _print_plan(plan)
    if dry_run:
        if as_json:
            typer.echo(plan.model_dump_json(indent=2))
        return
    if plan.refusals:
        raise RestoreRefused(plan.backup, list(plan.refusals))
    if not yes and not typer.confirm(f"restore {plan.machine}?"):
        raise Trouble("nothing was done", remedy="answer yes, or give --yes where nobody can be asked")
    restored = _carry_out(plan, name=name, in_place=in_place, as_json=as_json)
    if as_json:
        typer.echo(restored.model_dump_json(indent=2))
    else:
        _print_restored(restored)


def _carry_out(plan: RestorePlan, *, name: str | None, in_place: bool, as_json: bool) -> Restored:
    from contextlib import nullcontext  # noqa: PLC0415

    quiet_prefect()
    record = open_record(os.environ, plan.restore_id)
    with nullcontext() if as_json else live_table(record):
        return asyncio.run(_flow(plan, name=name, in_place=in_place))


async def _flow(plan: RestorePlan, *, name: str | None, in_place: bool) -> Restored:
    from prefect.logging.handlers import APILogHandler  # noqa: PLC0415 - slow

    from flows.restore_vm import restore_vm  # noqa: PLC0415 - Prefect reads its settings when imported

    try:
        return await restore_vm(plan.backup, name=name, in_place=in_place, restore_id=plan.restore_id)
    finally:
        await APILogHandler.aflush()


async def _plan(backup: str, *, name: str | None, in_place: bool) -> RestorePlan:
    clock = SystemClock()
    async with Azure(Connection.from_environment(os.environ), clock=clock) as azure:
        return await plan_from_backup(
            azure, backup, name=name, in_place=in_place, restore_id=None, now=clock.now()
        )


async def _backups(factory: str | None) -> list[tuple[Found, Manifest | str]]:
    async with Azure(Connection.from_environment(os.environ)) as azure:
        found = await find_backups(azure, factory=factory)
        manifests = await asyncio.gather(*(describe_backup(azure, one) for one in found))
        return list(zip(found, manifests, strict=True))


def _row(one: Found, manifest: Manifest | str) -> dict[str, Any]:
    known = manifest if isinstance(manifest, Manifest) else None
    return {
        "run": one.run_id,
        "group": one.group,
        "source": one.source,
        "location": one.location,
        "taken": known.taken.isoformat() if known else None,
        "how": f"{known.method}, {known.consistency}" if known else "-",
        "disks": [{"lun": part.lun, "name": part.disk_name, "gb": part.size_gb} for part in known.parts]
        if known
        else [],
        "verified": one.verified.isoformat() if one.verified else None,
        "restoring": one.restoring,
        "expires": one.expires.isoformat() if one.expires else None,
        "trouble": None if known else manifest,
    }


def _print_plan(plan: RestorePlan) -> None:
    console.print(f"[bold]restore of {plan.machine}[/] from backup {plan.backup}")
    for number, step in enumerate(plan.steps, 1):
        console.print(f"  {number}. {step}", markup=False, soft_wrap=True)
    console.print("[bold]cannot come back[/]")
    for loss in plan.losses:
        console.print(f"  - {loss}", markup=False, soft_wrap=True)
    if plan.refusals:
        console.print("[bold red]refused[/]")
        for refusal in plan.refusals:
            console.print(f"  - {refusal}", markup=False, soft_wrap=True)


def _print_restored(restored: Restored) -> None:
    state = f"{restored.power_state}, agent {restored.agent}" if restored.agent else str(restored.power_state)
    console.print(f"[bold green]restored[/] {restored.machine_id}: {state}", soft_wrap=True)
    for lun, disk in restored.disks.items():
        console.print(f"  {'OS disk' if lun == 'os' else f'LUN {lun}'}: {_name(disk)}")
    if restored.kept:
        kept = ", ".join(_name(disk) for disk in restored.kept)
        console.print(f"kept with an expiry: {kept}", soft_wrap=True)


def _name(resource_id: str) -> str:
    return resource_id.rsplit("/", 1)[-1]


def _short(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
