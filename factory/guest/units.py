"""Units of work: operations and checks, each one file, found because it is in its folder.

An operation yields commands and never runs them; a check is a read-only probe and a judge of its output.
The decorators make data of a function; `discover` reads a folder and orders what it finds by declared needs.
There is no list and no registry to keep. A unit's docstring is its page in the manual, so a unit without one
is an error at discovery.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any, Literal, TypeVar

from factory.guest.command import Command, Output


class Family(StrEnum):
    """Kinds of guests that need wholly different units."""

    LINUX = "linux"
    WINDOWS = "windows"


class Phase(StrEnum):
    """When an operation runs."""

    GENERALIZE = "generalize"
    MEND = "mend"
    """Before the checks, and only where the recipe says so."""


class Stage(StrEnum):
    """When a check is made: on the source, at the gate before capture, on a machine made from the image."""

    BEFORE_GENERALIZE = "before-generalize"
    BEFORE_CAPTURE = "before-capture"
    AFTER_PROVISION = "after-provision"


Proof = Literal["QEMU guest", "namespace guest", "real commands", "recorded output", "documented"]
"""The best evidence that a unit does what it says, as its tests have it; none of it is Azure itself.

`QEMU guest`: on a whole machine, with a kernel, cloud-init and DHCP of its own. `namespace guest`: on a real
Debian with its real agent and systemd, on a borrowed kernel. `real commands`:
the real commands on files made for the test. `recorded output`: judged on what a real program printed.
`documented`: written by the documentation.
"""


class UnitError(Exception):
    """A unit is not written as units must be, or the order that units ask for does not exist."""


Paths = tuple[str, ...] | Callable[[Any], tuple[str, ...]]
"""Paths with wildcards; a directory stands for all in it. A function where they depend on the guest."""


@dataclass(frozen=True)
class Operation:
    """Commands that change a guest. `paths` are those it may change; `after` names what goes first.

    `when` is a probe: the commands are skipped where it fails. An operation with a package manager is only
    for guests that use it.
    """

    name: str
    family: Family
    phase: Phase
    commands: Callable[..., Iterator[Command]]
    docstring: str
    after: tuple[str, ...]
    paths: Paths
    package_manager: str | None
    when: Command | None
    proof: Proof

    def changes(self, context: Any = None) -> tuple[str, ...]:
        """The paths that it may change in a guest."""
        return self.paths(context) if callable(self.paths) else self.paths

    def __call__(self, context: Any = None) -> Iterator[Command]:
        """The commands for a guest, each skipped unless `when` holds there."""
        for command in _call(self.commands, context):
            yield command.only_if(self.when) if self.when else command


@dataclass(frozen=True)
class Check:
    """A read-only probe and the judge of its output; each line that the judge yields is a finding.

    A probe that fails is itself a finding, whatever the judge says: silence would otherwise read as
    innocence. A probe whose guard says that it does not apply is not judged, and shown as such.
    """

    name: str
    family: Family
    stages: tuple[Stage, ...]
    probe: Command | Callable[..., Command]
    judge: Callable[..., Iterator[str]]
    docstring: str
    after: tuple[str, ...]
    proof: Proof

    def command(self, context: Any = None) -> Command:
        """The probe for a guest."""
        return self.probe if isinstance(self.probe, Command) else self.probe(context)

    def __call__(self, output: Output, context: Any = None) -> list[str]:
        """What the probe's output gives reason to complain about."""
        if output.skipped:
            return []
        found = list(_call(self.judge, output, context))
        if output.status != 0 and not found:
            said = output.stderr.strip() or output.stdout.strip() or "no message"
            return [f"cannot be told, the probe exited {output.status}: {said.splitlines()[-1]}"]
        return found


Unit = TypeVar("Unit", Operation, Check)


def operation(
    phase: Phase,
    family: Family,
    *,
    after: Sequence[str] = (),
    paths: Paths = (),
    package_manager: str | None = None,
    when: Command | None = None,
    proof: Proof = "documented",
) -> Callable[[Callable[..., Iterator[Command]]], Operation]:
    """Make an operation of a generator of commands that takes nothing, or the guest's context."""

    def make(function: Callable[..., Iterator[Command]]) -> Operation:
        return Operation(
            name=function.__name__,
            family=family,
            phase=phase,
            commands=function,
            docstring=inspect.getdoc(function) or "",
            after=tuple(after),
            paths=paths,
            package_manager=package_manager,
            when=when,
            proof=proof,
        )

    return make


def check(
    stage: Stage | tuple[Stage, ...],
    family: Family,
    *,
    probe: Command | Callable[..., Command],
    after: Sequence[str] = (),
    proof: Proof = "documented",
) -> Callable[[Callable[..., Iterator[str]]], Check]:
    """Make a check of a judge of the probe's output; a second parameter, if it has one, is the context."""

    def make(function: Callable[..., Iterator[str]]) -> Check:
        return Check(
            name=function.__name__,
            family=family,
            stages=(stage,) if isinstance(stage, Stage) else stage,
            probe=probe,
            judge=function,
            docstring=inspect.getdoc(function) or "",
            after=tuple(after),
            proof=proof,
        )

    return make


def discover(package: ModuleType, kind: type[Unit]) -> list[Unit]:
    """Every unit of that kind in a folder, in the order that `after` asks for, else by name.

    Raises UnitError for a unit without a docstring, two of one name, a need that nothing meets, and a circle.
    """
    found: dict[str, Unit] = {}
    for module in _modules(package):
        for unit in vars(module).values():
            if not isinstance(unit, kind):
                continue
            if not unit.docstring:
                raise UnitError(
                    f"{module.__name__}: {unit.name} has no docstring, so the manual has no page of it"
                )
            if found.get(unit.name, unit) is not unit:
                raise UnitError(f"{module.__name__}: there is already a unit called {unit.name}")
            found[unit.name] = unit
    return _ordered(found, package.__name__)


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def _ordered(units: dict[str, Unit], where: str) -> list[Unit]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for name, unit in units.items():
        missing = [need for need in unit.after if need not in units]
        if missing:
            raise UnitError(f"{where}: {name} comes after {', '.join(missing)}, which is not there")
        sorter.add(name, *unit.after)
    try:
        sorter.prepare()
    except CycleError as error:
        raise UnitError(f"{where}: these wait for each other: {' after '.join(error.args[1])}") from error
    ordered: list[Unit] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered.extend(units[name] for name in ready)
        sorter.done(*ready)
    return ordered


def _call(function: Callable[..., Iterator[Any]], *arguments: Any) -> Iterator[Any]:
    """Call with as many of the arguments as the function takes: a unit asks only for what it needs."""
    return function(*arguments[: len(inspect.signature(function).parameters)])
