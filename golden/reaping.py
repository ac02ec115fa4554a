"""Reap from the command line: the list that a dry run prints is the list that is deleted."""

import asyncio
import json
import os
import sys

import typer
from rich.table import Table

from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.clock import SystemClock
from factory.reap import Leftover, Outcome, find_leftovers, reap
from golden.console import console


def run_reap(factory: str, *, dry_run: bool, as_json: bool) -> None:
    """Find, then delete unless told not to; exits 1 when something could not be deleted."""
    leftovers, results = asyncio.run(_reap(factory, dry_run=dry_run))
    if as_json:
        typer.echo(
            json.dumps([{"id": item.id, "result": str(results[item.id])} for item in leftovers], indent=2)
        )
    else:
        _print(leftovers, results)
    if any(result.state == "failed" for result in results.values()):
        sys.exit(1)


async def _reap(factory: str, *, dry_run: bool) -> tuple[list[Leftover], dict[str, Outcome]]:
    clock = SystemClock()
    async with Azure(Connection.from_environment(os.environ), clock=clock) as azure:
        leftovers = await find_leftovers(azure, factory=factory, now=clock.now())
        return leftovers, await reap(azure, leftovers, dry_run=dry_run)


def _print(leftovers: list[Leftover], results: dict[str, Outcome]) -> None:
    if not leftovers:
        console.print("nothing is left over")
        return
    table = Table("resource", "run", "expired", "result")
    for item in leftovers:
        table.add_row(item.id, item.run, f"{item.expired:%Y-%m-%d %H:%M}", str(results[item.id]))
    console.print(table)
