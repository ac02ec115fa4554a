"""Errors as scripts see them (ErrorRecord), and the signals of control flow."""

from __future__ import annotations

from localazure.guests.windows.powershell.values import CaseDict, PSObject, Value

COMMAND_NOT_FOUND = (
    "The term '{0}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
    "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
)


class PSError(Exception):
    """An error that `try` can catch.

    `fatal` ends the script (`throw`, ErrorAction Stop); otherwise an error that nobody catches ends only its
    statement.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "System.Management.Automation.RuntimeException",
        category: str = "NotSpecified",
        identifier: str = "",
        target: Value = None,
        fatal: bool = False,
        hresult: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message, self.kind, self.category = message, kind, category
        self.identifier = identifier or kind.rpartition(".")[2]
        self.target, self.fatal, self.hresult = target, fatal, hresult
        self.position = ""
        self.command = ""
        self.value: Value = None
        """What was thrown, when it was neither a string nor an error."""

    def record(self) -> PSObject:
        """The ErrorRecord in `$_` of a catch block and in `$Error`."""
        exception = PSObject(
            self.kind,
            {
                "Message": self.message,
                "HResult": self.hresult if self.hresult is not None else -2146233087,
                "InnerException": None,
                "StackTrace": "",
            },
            text=f"{self.kind}: {self.message}",
            methods={"GetType": lambda: _type(self.kind), "ToString": lambda: f"{self.kind}: {self.message}"},
        )
        properties = {
            "Exception": exception,
            "TargetObject": self.target,
            "CategoryInfo": PSObject(
                "System.Management.Automation.ErrorCategoryInfo",
                {
                    "Category": self.category,
                    "Reason": self.kind.rpartition(".")[2],
                    "Activity": self.command,
                    "TargetName": "" if self.target is None else str(self.target),
                },
                text=self.category,
            ),
            "FullyQualifiedErrorId": self.identifier,
            "ErrorDetails": None,
            "InvocationInfo": PSObject(
                "System.Management.Automation.InvocationInfo",
                {"PositionMessage": self.position, "ScriptLineNumber": 1, "Line": "", "MyCommand": None},
            ),
            "ScriptStackTrace": "at <ScriptBlock>, <No file>: line 1",
        }
        record = PSObject("System.Management.Automation.ErrorRecord", CaseDict(properties), text=self.message)
        record.base = self
        return record

    def lines(self) -> list[str]:
        """The text on the error stream."""
        head = f"{self.command} : {self.message}" if self.command else self.message
        shown = self.target if isinstance(self.target, str) else ""
        reason = self.kind.rpartition(".")[2]
        subject = f"({shown}:String)" if shown else "(:)"
        where = self.position.splitlines()
        return [
            *head.splitlines(),
            *where,
            f"    + CategoryInfo          : {self.category}: {subject} [{self.command}], {reason}",
            f"    + FullyQualifiedErrorId : {self.identifier}",
            " ",
        ]


def _type(name: str) -> PSObject:
    return PSObject("System.RuntimeType", {"FullName": name, "Name": name.rpartition(".")[2]}, text=name)


def not_found(name: str) -> PSError:
    """A command that is nowhere."""
    return PSError(
        COMMAND_NOT_FOUND.format(name),
        kind="System.Management.Automation.CommandNotFoundException",
        category="ObjectNotFound",
        identifier="CommandNotFoundException",
        target=name,
    )


class Signal(Exception):  # noqa: N818 - it is no error
    """Control flow that leaves statements."""


class BreakSignal(Signal):
    """`break`."""


class ContinueSignal(Signal):
    """`continue`."""


class ReturnSignal(Signal):
    """`return`; its values have gone down the pipeline already."""


class ExitSignal(Signal):
    """`exit N`: ends the script or the process."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class StopUpstream(Signal):
    """A command has all it wants (`Select-Object -First`)."""


class KilledError(Exception):
    """The process that runs the script was terminated, or the machine went down."""
