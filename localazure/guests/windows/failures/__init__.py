"""How a machine's Sysprep, or the first start of its image, goes wrong: one file each, found because it is here.

A failure is a state of the machine. A file's docstring is its manual; its functions are

    provoke(machine)          bring the state about
    strike(machine)           what Sysprep meets: a Blow, or None while the state is not there   (optional)
    first_start(machine)      what Setup meets at the first start of the image: a Stall or None  (optional)

MOMENT says when a fault of that name brings the state about: at the `start`, so that whoever looks finds it, or
when `sysprep` begins, after every look that was taken before. What Sysprep meets comes with Sysprep by default.

Sysprep asks every file's `strike` at its STAGE, whoever brought the state about: a script that mends the state
mends the machine. Names of faults are file names with dashes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from localazure.guests.windows.machine.machine import Machine

Stage = Literal["validate", "cleanup", "generalize"]
Moment = Literal["start", "sysprep"]
STAGES: tuple[Stage, ...] = ("validate", "cleanup", "generalize")


@dataclass(frozen=True)
class Line:
    """One line of setupact.log; warnings and errors are in setuperr.log too."""

    level: Literal["Info", "Warning", "Error"]
    text: str


@dataclass(frozen=True)
class Blow:
    """What ends Sysprep: its last lines, its exit status; `hangs` means it does not even end.

    `restarts` takes the machine down with it.
    """

    lines: tuple[Line, ...]
    status: int = 1
    hangs: bool = False
    restarts: bool = False


@dataclass(frozen=True)
class Stall:
    """What the first start of the image comes to: no word of the agent, or its report of a failure."""

    report: str = ""
    """As the agent reports it; empty when nothing is ever reported."""


@dataclass(frozen=True)
class Failure:
    """A failure by its file."""

    name: str
    manual: str
    provoke: Callable[[Machine], None]
    stage: Stage
    strike: Callable[[Machine], Blow | None]
    first_start: Callable[[Machine], Stall | None]
    moment: Moment = "start"


def error(*texts: str) -> tuple[Line, ...]:
    """Lines of errors."""
    return tuple(Line("Error", text) for text in texts)


@cache
def failures() -> dict[str, Failure]:
    """All failures by name."""
    found = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        name = module.name.replace("_", "-")
        found[name] = Failure(
            name,
            (loaded.__doc__ or "").strip(),
            loaded.provoke,
            getattr(loaded, "STAGE", "validate"),
            getattr(loaded, "strike", lambda machine: None),
            getattr(loaded, "first_start", lambda machine: None),
            getattr(loaded, "MOMENT", "sysprep" if hasattr(loaded, "strike") else "start"),
        )
    return found


def provoke(machine: Machine, name: str) -> None:
    """Bring a failure's state about; KeyError for a name that is none."""
    with machine.lock:
        failures()[name].provoke(machine)
        machine.changed()
