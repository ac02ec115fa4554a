"""`golden local console`: a machine of the local Azure, and what it writes to its serial port."""

import time
from typing import Any

import typer

from golden.console import Trouble
from golden.local_azure import LocalAzure

_LOOK_SECONDS = 0.3


def find_machine(running: LocalAzure, name: str) -> dict[str, Any]:
    """The machine of a name, or of the end of its resource ID where names alone are not enough."""
    known = running.ask("/_local/ps")["machines"]
    found = [m for m in known if m["id"].lower().endswith(f"/{name.lower()}")]
    if len(found) == 1:
        return dict(found[0])
    names = ", ".join(sorted(m["id"].rsplit("/", 1)[1] for m in known)) or "none"
    what = "there are several VMs of this name" if found else "there is no such VM"
    raise Trouble(f"{name}: {what}; the local Azure has: {names}", remedy="golden local ps")


def follow_console(running: LocalAzure, name: str, *, follow: bool) -> None:
    """Print what a machine writes to its serial port, from power-on; `follow` goes on until interrupted."""
    machine = find_machine(running, name)
    place = f"/_local/console/{machine['machine_id']}"
    position = 0
    while True:
        text, size = running.read(f"{place}?from={position}")
        if size < position:  # switched on anew
            typer.echo("")
        position = size
        typer.echo(text.decode("utf-8", "replace"), nl=False)
        if not follow:
            return
        time.sleep(_LOOK_SECONDS)
