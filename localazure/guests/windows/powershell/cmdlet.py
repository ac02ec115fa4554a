"""How a cmdlet is written: a function with its parameters in one line, found because it is in `cmdlets/`.

    @cmdlet("Get-Service", "Name:0:pipe DisplayName", aliases="gsv")
    def get_service(call: Call) -> Iterator[Value]:

A word is a parameter: digits are its position, `switch` takes no value, `pipe` binds what comes down the
pipeline, `prop` binds a property of it with that name, `rest` takes all remaining arguments, `a=X` is another
name. A cmdlet with `stream=True` reads the pipeline itself.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.convert import to_bool, to_int, to_list, to_string
from localazure.guests.windows.powershell.errors import PSError
from localazure.guests.windows.powershell.values import CaseDict, Hashtable, ScriptBlock, Value

if TYPE_CHECKING:
    from localazure.guests.windows.machine.machine import Machine
    from localazure.guests.windows.powershell.shell import Shell


@dataclass(frozen=True)
class Parameter:
    """One parameter of a cmdlet or a function."""

    name: str
    position: int | None = None
    switch: bool = False
    pipe: bool = False
    by_property: bool = False
    rest: bool = False
    names: tuple[str, ...] = ()
    kind: str = ""
    mandatory: bool = False


@dataclass
class Call:
    """One call of a cmdlet: its arguments, its input and the shell it runs in."""

    shell: Shell
    name: str
    arguments: CaseDict
    input: Iterator[Value]
    piped: bool = False
    action: str = "Continue"

    @property
    def machine(self) -> Machine:
        """The machine whose state is read and changed."""
        return self.shell.machine

    def has(self, name: str) -> bool:
        """Whether a parameter was given."""
        return name in self.arguments

    def get(self, name: str, default: Value = None) -> Value:
        """Read a parameter."""
        return self.arguments.get(name, default)

    def text(self, name: str, default: str = "") -> str:
        """Read a parameter as a string."""
        return to_string(self.arguments[name]) if name in self.arguments else default

    def texts(self, name: str) -> list[str]:
        """Read a parameter as strings."""
        return [to_string(one) for one in to_list(self.arguments.get(name))]

    def number(self, name: str, default: int = 0) -> int:
        """Read a parameter as an integer."""
        return to_int(self.arguments[name]) if name in self.arguments else default

    def flag(self, name: str) -> bool:
        """Read a switch."""
        return to_bool(self.arguments.get(name, False))

    def block(self, name: str) -> ScriptBlock:
        """Read a script block."""
        value = self.arguments.get(name)
        if not isinstance(value, ScriptBlock):
            raise self.fail(f"Cannot bind parameter '{name}'. A script block is needed.")
        return value

    def table(self, name: str) -> Hashtable:
        """Read a hash table."""
        value = self.arguments.get(name)
        if not isinstance(value, Hashtable):
            raise self.fail(f"Cannot bind parameter '{name}'. A hash table is needed.")
        return value

    def fail(
        self,
        message: str,
        *,
        kind: str = "System.InvalidOperationException",
        category: str = "InvalidOperation",
        identifier: str = "",
        target: Value = None,
        hresult: int | None = None,
    ) -> PSError:
        """Make an error of this cmdlet: raise it to end the statement, or give it to `report`."""
        reason = identifier or kind.rpartition(".")[2]
        error = PSError(
            message,
            kind=kind,
            category=category,
            identifier=f"{reason},{self.name}",
            target=target,
            hresult=hresult,
        )
        error.command = self.name
        return error

    def report(self, error: PSError) -> None:
        """Tell an error that does not end the cmdlet; ErrorAction decides what becomes of it."""
        self.shell.report(error, self.action)


Run = Callable[[Call], Iterable[Value] | None]


@dataclass(frozen=True)
class Cmdlet:
    """A cmdlet."""

    name: str
    parameters: tuple[Parameter, ...]
    run: Run
    stream: bool = False
    manual: str = field(default="", repr=False)


CMDLETS: dict[str, Cmdlet] = {}
ALIASES: dict[str, str] = {}


def read_parameters(line: str) -> tuple[Parameter, ...]:
    """Read the words of a declaration."""
    return tuple(_parameter(word) for word in line.split())


def _parameter(word: str) -> Parameter:
    name, *marks = word.split(":")
    position = next((int(mark) for mark in marks if mark.isdigit()), None)
    names = tuple(mark[2:] for mark in marks if mark.startswith("a="))
    known = {"switch", "pipe", "prop", "rest"}
    if odd := [m for m in marks if not m.isdigit() and not m.startswith("a=") and m not in known]:
        raise ValueError(f"{word}: {odd}")
    return Parameter(
        name, position, "switch" in marks, "pipe" in marks, "prop" in marks, "rest" in marks, names
    )


def cmdlet(
    name: str, parameters: str = "", *, aliases: str = "", stream: bool = False
) -> Callable[[Run], Run]:
    """Declare a cmdlet."""

    def declare(run: Run) -> Run:
        CMDLETS[name.lower()] = Cmdlet(name, read_parameters(parameters), run, stream, run.__doc__ or "")
        for alias in aliases.split():
            ALIASES[alias.lower()] = name
        return run

    return declare


@cache
def load_cmdlets() -> None:
    """Import everything in the folders of cmdlets and programs."""
    for package in ("localazure.guests.windows.cmdlets", "localazure.guests.windows.programs"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            importlib.import_module(f"{package}.{module.name}")
