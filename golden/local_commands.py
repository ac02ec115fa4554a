"""`golden local`: start, stop and look at a local Azure."""

import contextlib
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from golden import fault_commands, local_azure
from golden.console import Trouble, console, one_clear_error
from golden.local_azure import LocalAzure
from golden.machine_console import follow_console

app = typer.Typer(no_args_is_help=True, help="A local Azure: real SDKs, real agents, no cloud.")
app.add_typer(fault_commands.app, name="fault")

State = Annotated[Path | None, typer.Option("--state", help="Its state directory.")]


@app.command()
def up(  # noqa: PLR0917 - options of a command line
    state: State = None,
    scale: Annotated[
        float, typer.Option(help="1 takes as long as Azure does, 0 no longer than needed.")
    ] = 0.0,
    guest: Annotated[
        str, typer.Option(help="Machines: qemu, namespace, model, windows, none.")
    ] = "namespace",
    port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    flavour: Annotated[
        str | None, typer.Option(help="Of QEMU machines, who provisions: cloud-init or waagent.")
    ] = None,
    base_image: Annotated[
        Path | None, typer.Option(help="For QEMU machines: a disk image of yours, a cloud's for example.")
    ] = None,
) -> None:
    """Start it, or say that it runs."""
    with one_clear_error():
        directory = _directory(state)
        if options := local_azure.image_options(flavour, base_image):
            local_azure.prepare(directory, guest, lambda _what, _done: None, options)
        running = local_azure.start(directory, scale=scale, guest=guest, port=port, on_progress=console.print)
        console.print(f"local Azure at {running.endpoint} (process {running.pid}), state in {directory}")
        console.print(f'environment: eval "$(golden local env --state {directory})"')


@app.command()
def down(
    state: State = None,
    remove: Annotated[bool, typer.Option("--all", help="Remove its state as well.")] = False,
) -> None:
    """Stop it and its machines."""
    with one_clear_error():
        directory = _directory(state)
        running = local_azure.find(directory)
        if running:
            local_azure.stop(running)
            console.print("stopped")
        else:
            console.print("it does not run")
        if remove:
            local_azure.remove(directory)


@app.command()
def status(state: State = None) -> None:
    """Whether it runs, and what it was asked that it does not know."""
    with one_clear_error():
        running = _running(state)
        console.print(f"{running.endpoint} (process {running.pid})")
        console.print_json(json.dumps(running.ask("/_local/status")))


@app.command()
def env(
    state: State = None,
    az: Annotated[
        bool, typer.Option("--az", help="For Azure's command line: register it as a cloud and log in.")
    ] = False,
) -> None:
    """The environment that leads clients to it, for `eval`."""
    with one_clear_error():
        running = _running(state)
        typer.echo(running.az_commands() if az else running.exports())


@app.command()
def ps(state: State = None) -> None:
    """Its machines."""
    with one_clear_error():
        machines = _running(state).ask("/_local/ps")
        rows = machines.get("machines", machines) if isinstance(machines, dict) else machines
        table = Table(*(rows[0].keys() if rows else ["no machines"]))
        for row in rows:
            table.add_row(*(str(value) for value in row.values()))
        console.print(table)


@app.command("console")
def console_command(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Its name.")],
    state: State = None,
    follow: Annotated[bool, typer.Option(help="Go on as it is written, until interrupted.")] = True,
) -> None:
    """A machine's serial console, live."""
    with one_clear_error(), contextlib.suppress(KeyboardInterrupt):
        follow_console(_running(state), vm, follow=follow)


@app.command(context_settings={"ignore_unknown_options": True})
def ssh(
    vm: Annotated[str, typer.Argument(metavar="VM", help="Its name.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...")] = None,
    state: State = None,
) -> None:
    """Log in to a machine, as `local-admin`, who is made for it and stays. Options of yours go before VM."""
    from golden.machine_login import enter  # noqa: PLC0415 - imports Azure's SDKs

    with one_clear_error():
        raise typer.Exit(enter(_running(state), vm, words or []))


@app.command()
def coverage(
    state: State = None,
    as_json: Annotated[bool, typer.Option("--json", help="All of it, for programs.")] = False,
) -> None:
    """Which operations of Azure it has, and what each was proven by."""
    with one_clear_error():
        found = _running(state).ask("/_local/coverage")
        if as_json:
            typer.echo(json.dumps(found, indent=2))
            return
        table = Table("operation", "answer", "recorded", "proven by", "assumed")
        for row in found["operations"]:
            name = f"{row['method']} {row['path'].removeprefix('/subscriptions/{sub}')}"
            recorded, assumed = "yes" if row["recorded"] else "", ", ".join(row["assumed"])
            table.add_row(name, row["answer"], recorded, ", ".join(row["clients"]), assumed)
        console.print(table)
        for what, count in found["summary"].items():
            console.print(f"{what}: {_counted(count)}")


@app.command()
def log(
    state: State = None,
    lines: Annotated[int, typer.Option("-n", help="How many, from the end.")] = 40,
) -> None:
    """Its request log: method, resource, code, seconds."""
    with one_clear_error():
        path = _directory(state) / "requests.jsonl"
        if not path.exists():
            raise Trouble(f"{path}: there is no request log", remedy="start it: golden local up")
        for line in path.read_text(encoding="utf-8").splitlines()[-lines:]:
            typer.echo(line)


def _counted(count: int | dict[str, int]) -> str:
    return ", ".join(f"{k} {v}" for k, v in count.items()) if isinstance(count, dict) else str(count)


def _directory(state: Path | None) -> Path:
    return (state or local_azure.default_state()).resolve()


def _running(state: Path | None) -> LocalAzure:
    running = local_azure.find(_directory(state))
    if running is None:
        raise Trouble(
            f"no local Azure runs on {_directory(state)}", remedy="start one: golden local up --state DIR"
        )
    return running
