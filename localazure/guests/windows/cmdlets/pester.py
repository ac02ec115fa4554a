"""Pester 3.4, which Windows Server brings along: its words that are used most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from localazure.guests.windows.powershell.cmdlet import Call, cmdlet
from localazure.guests.windows.powershell.convert import to_list, to_number, to_string
from localazure.guests.windows.powershell.errors import ExitSignal, PSError
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.operators import equal, regex
from localazure.guests.windows.powershell.values import PSObject, Value

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.shell import Shell


@dataclass
class Outcome:
    """One `It`."""

    name: str
    place: str
    failure: str = ""

    def shown(self) -> PSObject:
        """As Invoke-Pester -PassThru tells it."""
        return PSObject(
            "System.Management.Automation.PSCustomObject",
            {
                "Describe": self.place,
                "Name": self.name,
                "Passed": not self.failure,
                "Result": "Failed" if self.failure else "Passed",
                "FailureMessage": self.failure,
            },
        )


@dataclass
class Session:
    """What a run of Invoke-Pester has seen so far."""

    place: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)


_SESSIONS: WeakKeyDictionary[Shell, Session] = WeakKeyDictionary()


@cmdlet("Invoke-Pester", "Path:0:a=Script PassThru:switch EnableExit:switch Quiet:switch")
def invoke_pester(call: Call) -> Iterator[Value]:
    """Run files of tests."""
    shell, session = call.shell, Session()
    _SESSIONS[shell] = session
    for path in call.texts("Path") or [shell.directory]:
        for text in _files(call, path):
            for value in shell.run_script(text):
                shell.streams.host(to_string(value))
    failed = [one for one in session.outcomes if one.failure]
    if not call.flag("Quiet"):
        shell.streams.host(f"Passed: {len(session.outcomes) - len(failed)} Failed: {len(failed)}")
    if call.flag("PassThru"):
        yield PSObject(
            "System.Management.Automation.PSCustomObject",
            {
                "TotalCount": len(session.outcomes),
                "PassedCount": len(session.outcomes) - len(failed),
                "FailedCount": len(failed),
                "TestResult": [one.shown() for one in session.outcomes],
            },
        )
    if call.flag("EnableExit"):
        raise ExitSignal(len(failed))


def _files(call: Call, path: str) -> Iterator[str]:
    files, full = call.machine.files, call.machine.files.resolve(path, call.shell.directory)
    if files.is_file(full):
        yield files.read_text(full).lstrip("\ufeff")
        return
    for name in sorted(files.children(full)):
        if name.lower().endswith(".tests.ps1"):
            yield files.read_text(f"{full}\\{name}").lstrip("\ufeff")


def _session(call: Call) -> Session:
    return _SESSIONS.setdefault(call.shell, Session())


@cmdlet("Describe", "Name:0 Fixture:1 Tags")
@cmdlet("Context", "Name:0 Fixture:1 Tags")
def describe(call: Call) -> Iterator[Value]:
    """A group of tests."""
    session = _session(call)
    session.place.append(call.text("Name"))
    call.shell.streams.host(f"Describing {call.text('Name')}")
    try:
        yield from call.shell.run_block(call.block("Fixture"))
    finally:
        session.place.pop()


@cmdlet("BeforeAll", "Scriptblock:0")
def before_all(call: Call) -> Iterator[Value]:
    """What comes before the tests of a group."""
    yield from call.shell.run_block(call.block("Scriptblock"))


@cmdlet("It", "Name:0 Test:1")
def it(call: Call) -> Iterator[Value]:
    """One test: passes unless its block ends in an error."""
    outcome = Outcome(call.text("Name"), ".".join(_session(call).place))
    try:
        for _ in call.shell.run_block(call.block("Test")):
            pass
    except PSError as error:
        outcome.failure = error.message
    _session(call).outcomes.append(outcome)
    call.shell.streams.host(f"[{'-' if outcome.failure else '+'}] {outcome.name} {outcome.failure}".rstrip())
    yield from ()


Judge = Callable[["Call", Value, Value], bool]


def _exists(call: Call, given: Value, _wanted: Value) -> bool:
    return call.machine.files.exists(call.machine.files.resolve(to_string(given), call.shell.directory))


_JUDGES: dict[str, Judge] = {
    "be": lambda _call, given, wanted: equal(given, wanted),
    "beexactly": lambda _call, given, wanted: given == wanted,
    "match": lambda _call, given, wanted: regex(to_string(wanted)).search(to_string(given)) is not None,
    "benullorempty": lambda _call, given, _wanted: given is None or to_string(given) == "",
    "exist": _exists,
    "begreaterthan": lambda _call, given, wanted: to_number(given) > to_number(wanted),
    "belessthan": lambda _call, given, wanted: to_number(given) < to_number(wanted),
}


@cmdlet(
    "Should",
    "Words:0:rest Not:switch Be BeExactly Match BeNullOrEmpty:switch Exist:switch BeGreaterThan BeLessThan",
    stream=True,
)
def should(call: Call) -> Iterator[Value]:
    """Judge what comes down the pipeline, in the words of old (`Should Be 1`) or of new (`Should -Be 1`)."""
    given = list(call.input)
    value = given[0] if len(given) == 1 else given or None
    words = to_list(call.get("Words"))
    negated = call.flag("Not")
    if words and to_string(words[0]).lower() == "not":
        negated, words = True, words[1:]
    verb, wanted = _asked(call, words)
    if _JUDGES[verb](call, value, wanted) is negated:
        told = f"Expected{' anything but' if negated else ''}: {{{to_string(wanted)}}} But was: {{{to_string(value)}}} ({verb})"
        raise call.fail(told, identifier="PesterAssertionFailed")
    yield from ()


def _asked(call: Call, words: list[Value]) -> tuple[str, Value]:
    if words:
        verb, wanted = to_string(words[0]).lower(), words[1] if len(words) > 1 else None
    else:
        verb = next((one for one in _JUDGES if call.has(one)), "")
        wanted = call.get(verb)
    if verb not in _JUDGES:
        raise ModelGap(f"Should {verb or 'nothing'}")
    return verb, wanted
