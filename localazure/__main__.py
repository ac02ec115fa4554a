"""The program: `python -m localazure serve --state DIR`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from localazure.faults.kind import Page, kinds
from localazure.faults.named_faults import Named, named
from localazure.hosts import configure_host, open_host
from localazure.server import Settings, prepare, serve
from localazure.storage import install


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run."""
    options = _parser().parse_args(arguments)
    if options.command == "faults":
        json.dump([asdict(one) for one in _faults(options.which)], sys.stdout, indent=2)
        return 0
    if options.command == "install-storage":
        return _install_storage()
    if options.flavour or options.base_image:
        configure_host(options.guest, options.state.resolve(), options.flavour, options.base_image)
    if options.command == "missing":
        lines = open_host(options.guest, options.state.resolve()).missing()
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return 1 if lines else 0
    if options.command == "prepare":
        return asyncio.run(prepare(options.state.resolve(), options.guest))
    settings = Settings(
        state=options.state.resolve(),
        port=options.port,
        metadata_port=options.metadata_port,
        scale=options.scale,
        guest=options.guest,
        token_seconds=options.token_seconds,
        keep_machines=options.keep_machines,
    )
    return asyncio.run(serve(settings))


def _faults(which: str) -> list[Named | Page]:
    return list(named().values()) if which == "named" else [kind.page for kind in kinds().values()]


def _install_storage() -> int:
    try:
        sys.stdout.write(f"{install.install()}\n")
    except install.NotInstalledError as error:
        sys.stderr.write(f"localazure: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="localazure", description="A local Azure with real machines inside."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state", type=Path, required=True, metavar="DIR", help="where everything is kept")
    shared.add_argument(
        "--guest", default="namespace", metavar="KIND", help="what runs the machines, or 'none'"
    )
    shared.add_argument(
        "--flavour",
        action="append",
        default=[],
        metavar="NAME",
        help="which images of the guests' kind the marketplace has, the first first; kept in the state",
    )
    shared.add_argument(
        "--base-image", type=Path, metavar="FILE", help="a disk image of yours, first in the marketplace"
    )
    run = commands.add_parser("serve", parents=[shared], help="run the server until it is told to stop")
    run.add_argument("--port", type=int, default=0, help="HTTPS port (default: the last one, or any)")
    run.add_argument("--metadata-port", type=int, default=0, help="plain-HTTP port of the managed identity")
    run.add_argument(
        "--scale", type=float, default=1.0, help="share of Azure's own durations to wait; 0: none"
    )
    run.add_argument("--token-seconds", type=int, default=3600, help="how long an access token lives")
    run.add_argument(
        "--keep-machines", action="store_true", help="leave machines running when the server stops"
    )
    commands.add_parser("prepare", parents=[shared], help="build what the machines boot from, then exit")
    faults = commands.add_parser("faults", help="print the manual of faults as JSON")
    faults.add_argument("which", choices=("named", "kinds"))
    commands.add_parser("missing", parents=[shared], help="say what this computer lacks, one line each")
    commands.add_parser("install-storage", help="install Azurite, which storage accounts need, once (npm)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
