"""What the local Azure's machines are made of, and which of it this computer can have."""

from pathlib import Path

from golden import local_azure
from golden.console import Trouble, console

KINDS = {
    "qemu": "QEMU machines with a kernel of their own",
    "namespace": "namespace guests of a real Debian",
    "model": "modelled guests: a simulation",
}
WINDOWS, MODELLED = "windows", "modelled Windows guests: a simulation"
"""What runs Windows: there is no Windows to be had here, so it is a model, and is called so."""
AUTO = "auto"


def choose_kind(wish: str, state: Path) -> str:
    """Settle `auto`: the most real kind that runs here; says in a line why it is not the first."""
    if wish != AUTO:
        if wish not in KINDS:
            raise Trouble(f"--guest {wish}: unknown", remedy=f"known are {AUTO}, {', '.join(KINDS)}")
        return wish
    lacking: dict[str, list[str]] = {}
    for kind in KINDS:
        lacking[kind] = local_azure.missing(state, kind)
        if not lacking[kind]:
            return kind
        console.print(f"no {kind} guests here: {lacking[kind][0]}")
    raise Trouble("no kind of guest runs on this computer", remedy="make host")
