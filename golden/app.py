"""`golden`: plan, rebuild, reap, demo, and the local Azure.

Commands import what they need when they run: `golden --help` should not wait for Prefect.
"""

import dataclasses
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from factory.guest.units import Family
from golden import fault_commands, local_azure, local_commands
from golden.console import one_clear_error

HELP = "Golden images for Azure VMs: backed up, generalized on evidence, proven before anyone can use them."

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=HELP)
app.add_typer(local_commands.app, name="local")

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe, as YAML.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SkipOption = Annotated[
    list[str] | None, typer.Option("--skip", help="Rehearsals only: leave out 'deprovision' or 'gate'.")
]
KeepOnFailure = Annotated[
    bool,
    typer.Option("--keep-on-failure", help="Leave the machines of a run that fails, until they expire."),
]


@app.command()
def demo(  # noqa: PLR0917 - options of a command line
    skip: SkipOption = None,
    guest: Annotated[str, typer.Option(help="Machines: auto, qemu, namespace or model.")] = "auto",
    flavour: Annotated[
        str | None, typer.Option(help="Of QEMU machines, who provisions: cloud-init or waagent.")
    ] = None,
    base_image: Annotated[
        Path | None, typer.Option(help="For QEMU machines: a disk image of yours, a cloud's for example.")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="State directory of the demo's local Azure.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the local Azure running afterwards.")] = False,
    keep_on_failure: KeepOnFailure = False,
    setup_seconds: Annotated[float | None, typer.Option(hidden=True)] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", help="Make it go wrong: a named fault of the local Azure.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Generalize the original itself, and have it back.")
    ] = False,
    windows: Annotated[
        bool, typer.Option("--windows", help="The same for a modelled Windows Server.")
    ] = False,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="The named faults; no demo.")] = False,
    as_json: Json = False,
) -> None:
    """Rebuild an image of an existing VM on a local Azure: the main job, end to end."""
    if list_faults:
        fault_commands.names(windows=windows, as_json=as_json)
        return
    from golden.demo import run_demo  # noqa: PLC0415

    with one_clear_error():
        run_demo(
            skip=skip or [],
            guest=guest,
            image_options=local_azure.image_options(flavour, base_image),
            state=state,
            keep=keep,
            keep_on_failure=keep_on_failure,
            setup_seconds=setup_seconds,
            faults=fault,
            in_place=in_place,
            windows=windows,
            as_json=as_json,
        )


@app.command()
def plan(recipe: RecipeFile, as_json: Json = False) -> None:
    """Check a recipe against the cloud, and print every name and tag of a run. Makes nothing."""
    from golden.rebuild import print_plan  # noqa: PLC0415

    with one_clear_error():
        print_plan(recipe, as_json=as_json)


@app.command()
def rebuild(
    recipe: RecipeFile, skip: SkipOption = None, keep_on_failure: KeepOnFailure = False, as_json: Json = False
) -> None:
    """Rebuild the image of a recipe now, in this process, with a live table of its steps."""
    from golden.rebuild import run_rebuild  # noqa: PLC0415

    with one_clear_error():
        run_rebuild(recipe, skip=skip or [], keep_on_failure=keep_on_failure, as_json=as_json)


@app.command()
def resume(
    run: Annotated[str, typer.Argument(help="A run, as `golden runs` lists it.")], as_json: Json = False
) -> None:
    """Go on with a run that was interrupted, or that failed: nothing that is done is done again."""
    from golden.runs import resume_run  # noqa: PLC0415

    with one_clear_error():
        resume_run(run, as_json=as_json)


@app.command()
def reap(
    factory: Annotated[str, typer.Option(help="Whose leftovers: the recipes' 'factory'.")] = "golden",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    as_json: Json = False,
) -> None:
    """Delete what died runs left: tagged, expired, and nothing else."""
    from golden.reaping import run_reap  # noqa: PLC0415

    with one_clear_error():
        run_reap(factory, dry_run=dry_run, as_json=as_json)


@app.command()
def backups(
    factory: Annotated[str | None, typer.Option(help="Only this factory's: the recipes' 'factory'.")] = None,
    as_json: Json = False,
) -> None:
    """List the backups that the cloud holds: of which VM, when, whether they were found whole."""
    from golden.restoring import print_backups  # noqa: PLC0415

    with one_clear_error():
        print_backups(factory, as_json=as_json)


@app.command()
def restore(  # noqa: PLR0917 - options of a command line
    backup: Annotated[str, typer.Argument(metavar="BACKUP", help="As `golden backups` lists it.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Another VM beside the original.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="The original itself: its disks are exchanged and kept.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Have the VM of a backup again. What cannot come back is told before anything is done."""
    from golden.restoring import run_restore  # noqa: PLC0415

    with one_clear_error():
        run_restore(backup, name=name, in_place=in_place, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command()
def runs() -> None:
    """List the recorded runs: how far each came, its state, and what can be done with it."""
    from golden.runs import print_runs  # noqa: PLC0415

    with one_clear_error():
        print_runs()


@app.command()
def catalogue(
    family: Annotated[Family | None, typer.Argument(help="One kind of guests alone.")] = None,
    as_json: Json = False,
) -> None:
    """The manual of operations, checks and known failures, made from their docstrings."""
    from factory import catalogue as manual  # noqa: PLC0415

    pages = manual.catalogue(family)
    if as_json:
        print_json([dataclasses.asdict(page) for page in pages])
    else:
        typer.echo(manual.render_markdown(pages))


@app.command("recipe-schema")
def recipe_schema() -> None:
    """JSON Schema of a recipe, for your editor."""
    from factory.recipe import recipe_schema as schema  # noqa: PLC0415

    print_json(schema())


def print_json(document: Any) -> None:
    """JSON on standard output, and nothing else there."""
    typer.echo(json.dumps(document, indent=2, default=str))


def main() -> None:
    """The `golden` command."""
    app()
