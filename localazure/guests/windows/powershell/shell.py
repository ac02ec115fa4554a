"""A PowerShell process: variables, functions, streams, the user it runs as, and the machine it runs on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.cmdlet import load_cmdlets
from localazure.guests.windows.powershell.errors import ExitSignal, KilledError, PSError, ReturnSignal
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.parse import parse
from localazure.guests.windows.powershell.streams import Streams
from localazure.guests.windows.powershell.values import CaseDict, Hashtable, PSObject, ScriptBlock, Value

if TYPE_CHECKING:
    from localazure.guests.windows.machine.machine import Machine
    from localazure.guests.windows.machine.process import Process

AUTOMATIC = ("true", "false", "null")


class Scope:
    """Variables and functions of one scope, and the scope around it."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.variables = CaseDict()
        self.functions = CaseDict()
        self.kinds: dict[str, str] = {}
        """The types that variables were declared with, by lowered name."""
        self.empty: set[str] = set()
        """Variables that keep the output of a command that wrote nothing, which is less than `$null`."""

    def lookup(self, name: str) -> Scope | None:
        """Find the innermost scope that has a variable."""
        scope: Scope | None = self
        while scope is not None and name not in scope.variables:
            scope = scope.parent
        return scope


class Shell:
    """An interpreter with its state. One script at a time; `process` says when it must die."""

    def __init__(self, machine: Machine, process: Process, streams: Streams | None = None) -> None:
        load_cmdlets()
        self.machine, self.process = machine, process
        self.streams = streams or Streams()
        self.globals = Scope()
        self.scope = self.globals
        self.script_scope = self.globals
        self.directory = process.directory
        self.catching = 0
        """How many `try` blocks are around the statement that runs."""
        self.position = ""
        self.errors: list[Value] = []
        self.parameters: CaseDict = CaseDict()
        self.nothing = False
        """Whether the last assignment's right side wrote nothing."""
        self._prepare()

    def _prepare(self) -> None:
        build = self.machine.os["build"]
        versions = Hashtable(
            {
                "PSVersion": version(f"5.1.{build}.{self.machine.os['revision']}"),
                "PSEdition": "Desktop",
                "PSCompatibleVersions": [
                    version(one) for one in ("1.0", "2.0", "3.0", "4.0", "5.0", f"5.1.{build}.0")
                ],
                "BuildVersion": version(f"10.0.{build}.{self.machine.os['revision']}"),
                "CLRVersion": version("4.0.30319.42000"),
                "WSManStackVersion": version("3.0"),
                "PSRemotingProtocolVersion": version("2.3"),
                "SerializationVersion": version("1.1.0.1"),
            }
        )
        self.globals.variables = CaseDict(
            {
                "PSVersionTable": versions,
                "ErrorActionPreference": "Continue",
                "WarningPreference": "Continue",
                "VerbosePreference": "SilentlyContinue",
                "DebugPreference": "SilentlyContinue",
                "InformationPreference": "SilentlyContinue",
                "ProgressPreference": "Continue",
                "ConfirmPreference": "High",
                "OutputEncoding": "us-ascii",
                "Error": self.errors,
                "LASTEXITCODE": None,
                "?": True,
                "PID": self.process.pid,
                "HOME": self.process.environment.get("USERPROFILE", ""),
                "PSHOME": r"C:\Windows\System32\WindowsPowerShell\v1.0",
                "PSScriptRoot": "",
                "PSCommandPath": "",
                "Host": PSObject(
                    "System.Management.Automation.Internal.Host.InternalHost",
                    {"Name": "ConsoleHost", "Version": version(f"5.1.{build}.0")},
                ),
                "args": [],
                "OFS": " ",
            }
        )

    # Variables.

    def read(self, name: str) -> Value:
        """Read a variable, with its scope or drive in front."""
        where, colon, rest = name.partition(":")
        if colon and where.lower() == "env":
            return self.process.environment.get(rest)
        if colon and where.lower() in ("global", "script", "local", "private", "using", "variable"):
            name = rest
            home: Scope | None = {"global": self.globals, "script": self.script_scope}.get(
                where.lower(), self.scope
            )
        elif colon:
            raise ModelGap(f"the variable ${name}")
        else:
            home = self.scope
        if name.lower() in AUTOMATIC:
            return {"true": True, "false": False, "null": None}[name.lower()]
        if name.lower() == "pwd":
            return PSObject(
                "System.Management.Automation.PathInfo", {"Path": self.directory}, text=self.directory
            )
        found = home.lookup(name) if home else None
        return found.variables[name] if found else None

    def defined(self, name: str) -> bool:
        """Whether a variable exists."""
        return self.scope.lookup(name) is not None

    def write(self, name: str, value: Value) -> None:
        """Set a variable in the scope it names, or in the current one."""
        where, colon, rest = name.partition(":")
        if name.lower() in AUTOMATIC:
            return
        if not colon:
            self.scope.variables[name] = value
        elif where.lower() == "env":
            self._set_environment(rest, value)
        elif where.lower() in ("global", "script"):
            (self.globals if where.lower() == "global" else self.script_scope).variables[rest] = value
        elif where.lower() in ("local", "private", "variable"):
            self.scope.variables[rest] = value
        else:
            raise ModelGap(f"the variable ${name}")

    def _set_environment(self, name: str, value: Value) -> None:
        from localazure.guests.windows.powershell.convert import to_string  # noqa: PLC0415 - it needs values

        if value is None:
            self.process.environment.pop(name, None)
        else:
            self.process.environment[name] = to_string(value)

    def function(self, name: str) -> Value:
        """Find a function."""
        scope: Scope | None = self.scope
        while scope is not None:
            if name in scope.functions:
                return scope.functions[name]
            scope = scope.parent
        return None

    # Errors.

    def report(self, error: PSError, action: str | None = None) -> None:
        """Treat an error that ends nothing by itself as its ErrorAction says."""
        wanted = _action(action or self.read("ErrorActionPreference"))
        error.position = error.position or self.position
        if wanted == "stop":
            error.fatal = True
            raise error
        self.globals.variables["?"] = False
        if wanted == "ignore":
            return
        self.errors.insert(0, error.record())
        if wanted != "silentlycontinue":
            self.streams.error(error)

    # Time and death.

    def check(self) -> None:
        """Die if the process was told to."""
        if self.process.killed.is_set():
            raise KilledError

    def sleep(self, seconds: float) -> None:
        """Wait for model seconds."""
        self.machine.clock.sleep(seconds, self.process.killed)
        self.check()

    def now(self) -> dt.datetime:
        """The machine's time."""
        return self.machine.clock.now()

    # Running.

    def run_block(self, block: ScriptBlock, variables: Mapping[str, Value] | None = None) -> Iterator[Value]:
        """Run a script block in the current scope, as filters do."""
        from localazure.guests.windows.powershell.statements import execute_body  # noqa: PLC0415 - mutual

        saved = {name: self.scope.variables.get(name) for name in variables or {}}
        for name, value in (variables or {}).items():
            self.scope.variables[name] = value
        try:
            yield from execute_body(self, block.node)
        except ReturnSignal:
            pass
        finally:
            for name, value in saved.items():
                self.scope.variables[name] = value

    def run_script(
        self, text: str, named: CaseDict | None = None, rest: list[Value] | None = None
    ) -> Iterator[Value]:
        """Parse and run a whole script; ends with ExitSignal when it says `exit`."""
        from localazure.guests.windows.powershell.functions import call_script  # noqa: PLC0415 - mutual

        tree, source = parse(text)
        block = ScriptBlock(tree.root_node, source, text)
        yield from call_script(self, block, named or CaseDict(), rest or [])


def _action(value: Value) -> str:
    numbers = {0: "silentlycontinue", 1: "stop", 2: "continue", 3: "inquire", 4: "ignore"}
    if isinstance(value, int):
        return numbers.get(value, "continue")
    text = str(value).lower()
    return numbers.get(int(text), "continue") if text.isdigit() else text


def version(text: str) -> PSObject:
    """A System.Version."""
    parts = [int(part) for part in text.split(".")] + [-1, -1]
    names = ("Major", "Minor", "Build", "Revision")
    return PSObject("System.Version", dict(zip(names, parts, strict=False)), text=text)


def exit_status(signal: ExitSignal) -> int:
    """What the process's creator sees."""
    return signal.status
