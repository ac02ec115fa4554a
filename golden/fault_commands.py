"""`golden local fault`: make a local Azure go wrong, as Azure does."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from golden import local_azure
from golden.console import Trouble, console, one_clear_error
from golden.local_azure import LocalAzure

app = typer.Typer(no_args_is_help=True, help="Faults: what goes wrong in Azure, on request.")

WINDOWS_STATE = "windows-state"
"""The kind of faults that are a state of a Windows machine."""

State = Annotated[Path | None, typer.Option("--state", help="Its state directory.")]
Json = Annotated[bool, typer.Option("--json", help="All of it, for programs.")]


@app.command()
def add(  # noqa: PLR0917 - options of a command line
    fault: Annotated[
        str, typer.Argument(metavar="NAME|KIND", help="A named fault, or with --on a kind of fault.")
    ],
    on: Annotated[
        str | None,
        typer.Option(help="The operation: 'PUT Microsoft.Compute/disks', '*', 'POST */generalize'."),
    ] = None,
    resource: Annotated[str | None, typer.Option(help="Only resources whose ID matches.")] = None,
    occurrence: Annotated[int | None, typer.Option(help="The n-th matching call from now on.")] = None,
    times: Annotated[int | None, typer.Option(help="So many calls.")] = None,
    every: Annotated[bool, typer.Option("--every", help="All of them from then on.")] = False,
    share: Annotated[float | None, typer.Option(help="Each with this probability.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the probability.")] = None,
    retry_after: Annotated[float | None, typer.Option(help="Seconds that a refusal names.")] = None,
    data: Annotated[str | None, typer.Option(help="What the kind's manual names, as JSON.")] = None,
    state: State = None,
) -> None:
    """Set a fault."""
    with one_clear_error():
        body: dict[str, Any] = {"name": fault} if on is None else {"kind": fault, "operation": on}
        given = {
            "resource": resource,
            "occurrence": occurrence,
            "times": times,
            "every": every or None,
            "share": share,
            "seed": seed,
            "retry_after": retry_after,
            "data": _read(data),
        }
        body |= {name: value for name, value in given.items() if value is not None}
        set_fault(running(state), body)


@app.command("list")
def list_faults(state: State = None, as_json: Json = False) -> None:
    """The faults that are set, and what they have hit."""
    with one_clear_error():
        found = running(state).ask("/_local/faults")["faults"]
        if as_json:
            typer.echo(json.dumps(found, indent=2))
            return
        table = Table("id", "kind", "operation", "when", "met", "hit")
        for one in found:
            table.add_row(
                one["id"], one["kind"], one["operation"], _when(one), str(one["seen"]), str(one["hits"])
            )
        console.print(table)


@app.command()
def clear(
    fault: Annotated[str | None, typer.Argument(help="Its id; without one, all.")] = None,
    state: State = None,
) -> None:
    """Take a fault back, or all of them."""
    with one_clear_error():
        path = "/_local/faults" + (f"/{fault}" if fault else "")
        console.print(f"cleared {running(state).ask(path, method='DELETE')['cleared']}")


@app.command()
def names(
    windows: Annotated[bool, typer.Option("--windows", help="Only those of Windows machines.")] = False,
    as_json: Json = False,
) -> None:
    """The named faults."""
    pages = local_azure.fault_pages("named")
    if windows:
        pages = [page for page in pages if any(one["kind"] == WINDOWS_STATE for one in page["faults"])]
    print_pages(pages, as_json=as_json)


@app.command()
def kinds(as_json: Json = False) -> None:
    """The manual of the kinds of faults."""
    print_pages(local_azure.fault_pages("kinds"), as_json=as_json)


def set_fault(azure: LocalAzure, body: dict[str, Any]) -> None:
    """Set it, and say what was set."""
    made = azure.ask("/_local/faults", method="POST", body=body)
    console.print(
        f"fault {body.get('name') or body['kind']} is set ({', '.join(made.get('ids', [made['id']]))})"
    )


def check_named(names: list[str]) -> None:
    """Trouble for a name that no fault has."""
    known = [page["name"] for page in local_azure.fault_pages("named")] if names else []
    for name in names:
        if name not in known:
            raise Trouble(f"there is no fault of the name {name}", remedy=f"known are {', '.join(known)}")


def print_pages(pages: list[dict[str, Any]], *, as_json: bool) -> None:
    """Names and manuals."""
    if as_json:
        typer.echo(json.dumps(pages, indent=2))
        return
    for page in pages:
        console.print(f"[bold]{page['name']}[/bold]", highlight=False)
        typer.echo("  " + page["manual"].replace("\n", "\n  ") + "\n")


def running(state: Path | None) -> LocalAzure:
    """The local Azure of a state directory."""
    directory = (state or local_azure.default_state()).resolve()
    found = local_azure.find(directory)
    if found is None:
        raise Trouble(f"no local Azure runs on {directory}", remedy="start one: golden local up --state DIR")
    return found


def _read(data: str | None) -> Any:
    try:
        return None if data is None else json.loads(data)
    except ValueError as error:
        raise Trouble(
            f"--data is not JSON: {error}", remedy="for example --data '{\"status\": 503}'"
        ) from None


def _when(one: dict[str, Any]) -> str:
    if one["share"] is not None:
        return f"{one['share']:.0%}, seed {one['seed']}"
    first = f"from {one['occurrence']}" if one["every"] else f"call {one['occurrence']}"
    return first + (f", {one['times']} times" if one["times"] else "")
