"""The demo in place: the original itself is generalized, and is there again whatever happens."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import typer
from rich.table import Table

from factory.azure import machines
from factory.azure.client import Azure
from factory.azure.connection import Connection
from factory.errors import FactoryError
from factory.fingerprint import read_fingerprint
from factory.plan import new_run_id
from factory.recipe import Recipe
from factory.rehearsal import CONTENT
from golden.console import Trouble, console, show_error


@dataclass
class Ending:
    """What became of the run and of the original."""

    before: dict[str, str]
    after: dict[str, str] = field(default_factory=dict)
    error: FactoryError | None = None
    state: str = "unknown"
    run_id: str = ""

    @property
    def same(self) -> bool:
        """Whether everything that was looked at is as before."""
        return bool(self.before) and self.before == self.after


def demonstrate(
    recipe: Recipe, machine_id: str, rebuild: Callable[[Recipe, str], Any], *, as_json: bool
) -> None:
    """Rebuild in place, then compare the original with what it was; Trouble where it differs.

    A run that fails is no failure of this demo: that the original comes back from it is what it shows.
    """
    in_place = recipe.model_copy(update={"strategy": "in-place"})
    ending = Ending(_look(machine_id, "before"), run_id=new_run_id(datetime.now(UTC), secrets.token_hex(2)))
    begun = time.monotonic()
    try:
        rebuild(in_place, ending.run_id)
    except FactoryError as error:
        ending.error = error
    seconds = time.monotonic() - begun
    ending.after, ending.state = _look(machine_id, "after"), asyncio.run(_state(machine_id))
    if as_json:
        typer.echo(json.dumps(_document(ending), indent=2))
    else:
        _print(ending, seconds)
    if not ending.same or ending.state != "running":
        raise Trouble(
            f"the original is {ending.state} and {'as it was' if ending.same else 'not as it was'}",
            remedy=f"golden restore {ending.run_id} --in-place",
        )


def _look(machine_id: str, when: str) -> dict[str, str]:
    async def go() -> dict[str, str]:
        async with Azure(Connection.from_environment(os.environ)) as azure:
            name = f"fingerprint-{when}-{secrets.token_hex(2)}"
            return await read_fingerprint(azure, machine_id, name=name, files=(CONTENT, "/etc/app-release"))

    return asyncio.run(go())


async def _state(machine_id: str) -> str:
    async with Azure(Connection.from_environment(os.environ)) as azure:
        return str((await machines.get_machine(azure, machine_id)).power_state)


def _document(ending: Ending) -> dict[str, Any]:
    error = ending.error
    return {
        "run": ending.run_id,
        "error": error.message if error else None,
        "notes": list(getattr(error, "__notes__", [])),
        "power_state": ending.state,
        "same": ending.same,
        "before": ending.before,
        "after": ending.after,
    }


def _print(ending: Ending, seconds: float) -> None:
    if ending.error:
        show_error(ending.error)
        for note in getattr(ending.error, "__notes__", []):
            console.print(f"[bold]then:[/] {note}", soft_wrap=True)
    table = Table("SHA-256 on the original", "before the run", f"now ({seconds:.0f} s later)", box=None)
    for path, was in ending.before.items():
        now = ending.after.get(path, "missing")
        same = "[green]the same[/]" if was == now else f"[red]{now[:16]}…[/]"
        table.add_row(path, f"{was[:16]}…", same)
    console.print(table)
    verdict = "[green]hashes equal[/]" if ending.same else "[red]hashes differ[/]"
    console.print(f"the original is [bold]{ending.state}[/], {verdict}")
