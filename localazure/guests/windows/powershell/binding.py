"""From a command's name and words to a running command: what it is, and which word is which parameter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from localazure.guests.windows.powershell.cmdlet import ALIASES, CMDLETS, Call, Cmdlet, Parameter
from localazure.guests.windows.powershell.convert import to_list, to_string
from localazure.guests.windows.powershell.errors import PSError, not_found
from localazure.guests.windows.powershell.gaps import ModelGap
from localazure.guests.windows.powershell.values import CaseDict, PSObject, ScriptBlock, Value

if TYPE_CHECKING:
    from localazure.guests.windows.powershell.pipelines import Arguments
    from localazure.guests.windows.powershell.shell import Shell

_COMMON = {
    "erroraction": "ErrorAction",
    "ea": "ErrorAction",
    "warningaction": "WarningAction",
    "wa": "WarningAction",
    "informationaction": "InformationAction",
    "infa": "InformationAction",
    "errorvariable": "ErrorVariable",
    "ev": "ErrorVariable",
    "outvariable": "OutVariable",
    "ov": "OutVariable",
    "warningvariable": "WarningVariable",
    "wv": "WarningVariable",
    "progressaction": "ProgressAction",
}
_COMMON_SWITCHES = {
    "verbose": "Verbose",
    "vb": "Verbose",
    "debug": "Debug",
    "db": "Debug",
    "confirm": "Confirm",
    "whatif": "WhatIf",
    "cf": "Confirm",
    "wi": "WhatIf",
}


def invoke(
    shell: Shell, name: Value, arguments: Arguments, upstream: Iterator[Value] | None, *, dotted: bool
) -> Iterator[Value]:
    """Run a command by name, or a script block."""
    from localazure.guests.windows.powershell.functions import Function, call_block, call_function  # noqa: PLC0415

    if isinstance(name, ScriptBlock):
        return call_block(shell, name, arguments, upstream, dotted=dotted)
    if isinstance(name, PSObject) and name.type_name.endswith("Info") and "Name" in name.properties:
        name = name.get("Name")
    word = to_string(name)
    function = shell.function(word)
    word = ALIASES.get(word.lower(), word) if function is None else word
    if isinstance(function, Function):
        return call_function(shell, function, arguments, upstream)
    bare = (
        word.rpartition("\\")[2]
        if word.lower().startswith(("microsoft.powershell.", "dism\\", "scheduledtasks\\"))
        else word
    )
    if bare.lower() in CMDLETS:
        return run_cmdlet(shell, CMDLETS[bare.lower()], arguments, upstream)
    return _outside(shell, word, arguments, upstream)


def _outside(
    shell: Shell, word: str, arguments: Arguments, upstream: Iterator[Value] | None
) -> Iterator[Value]:
    """A script file or a program."""
    from localazure.guests.windows.powershell.functions import call_file  # noqa: PLC0415 - mutual
    from localazure.guests.windows.programs import find_program, run_program  # noqa: PLC0415 - mutual

    path = find_program(shell, word)
    if path is None:
        error = not_found(word)
        raise ModelGap(f"the command '{word}'", error.message)
    if path.lower().endswith(".ps1"):
        return call_file(shell, path, arguments, upstream)
    return run_program(shell, path, arguments.raw, upstream, wait=arguments.awaited)


def find_parameter(parameters: tuple[Parameter, ...], given: str, command: str) -> Parameter | None:
    """Find a parameter by its name, another name of it, or the beginning of one."""
    low = given.lower()
    for one in parameters:
        if low == one.name.lower() or low in (other.lower() for other in one.names):
            return one
    found = [one for one in parameters if one.name.lower().startswith(low)]
    if len(found) > 1:
        raise binding_error(
            command,
            f"Parameter cannot be processed because the parameter name '{given}' is ambiguous. Possible matches "
            f"include: {' '.join('-' + one.name for one in found)}.",
            "AmbiguousParameter",
        )
    return found[0] if found else None


def binding_error(command: str, message: str, identifier: str) -> PSError:
    """An error of parameters."""
    error = PSError(
        message,
        kind="System.Management.Automation.ParameterBindingException",
        category="InvalidArgument",
        identifier=f"{identifier},{command}",
    )
    error.command = command
    return error


def bind(
    command: str, parameters: tuple[Parameter, ...], arguments: Arguments, *, strict: bool = True
) -> tuple[CaseDict, list[Value], CaseDict]:
    """Give each word to its parameter. Returns the bound ones, the words left over, the common ones."""
    from localazure.guests.windows.powershell.pipelines import MISSING  # noqa: PLC0415 - mutual

    bound, common, loose = CaseDict(), CaseDict(), list[Value]()
    words = list(arguments.words)
    while words:
        given, value = words.pop(0)
        if given is None:
            loose.append(value)
            continue
        low = given.lower()
        parameter = find_parameter(parameters, given, command)
        if parameter is None and (low in _COMMON or low in _COMMON_SWITCHES):
            switch = low in _COMMON_SWITCHES
            if value is MISSING:
                value = True if switch else (words.pop(0)[1] if words else None)
            common[_COMMON_SWITCHES[low] if switch else _COMMON[low]] = value
            continue
        if parameter is None:
            if strict:
                raise ModelGap(
                    f"the parameter -{given} of {command}",
                    f"A parameter cannot be found that matches parameter name '{given}'.",
                )
            loose += [f"-{given}"] if value is MISSING else [f"-{given}:{to_string(value)}"]
            continue
        if value is MISSING:
            value = True if parameter.switch else _value_for(command, parameter, words)
        bound[parameter.name] = value
    return bound, _bind_positions(command, parameters, bound, loose, strict=strict), common


def _value_for(command: str, parameter: Parameter, words: list[tuple[str | None, Value]]) -> Value:
    if not words or words[0][0] is not None:
        raise binding_error(
            command,
            f"Missing an argument for parameter '{parameter.name}'. Specify a parameter and try again.",
            "MissingArgument",
        )
    return words.pop(0)[1]


def _bind_positions(
    command: str, parameters: tuple[Parameter, ...], bound: CaseDict, loose: list[Value], *, strict: bool
) -> list[Value]:
    places = sorted(
        (one for one in parameters if one.position is not None and one.name not in bound),
        key=lambda one: one.position or 0,
    )
    for place in places:
        if place.rest:
            if loose:
                bound[place.name] = loose
                loose = []
        elif loose:
            bound[place.name] = loose.pop(0)
    if loose and strict:
        raise binding_error(
            command,
            f"A positional parameter cannot be found that accepts argument '{to_string(loose[0])}'.",
            "PositionalParameterNotFound",
        )
    return loose


def run_cmdlet(
    shell: Shell, cmdlet: Cmdlet, arguments: Arguments, upstream: Iterator[Value] | None
) -> Iterator[Value]:
    """Run a cmdlet over its input."""
    bound, _, common = bind(cmdlet.name, cmdlet.parameters, arguments)
    action = to_string(common.get("ErrorAction", shell.read("ErrorActionPreference")))
    stream = _run_bound(shell, cmdlet, bound, upstream, action)
    return _watched(shell, cmdlet, stream, common, action)


def _run_bound(
    shell: Shell, cmdlet: Cmdlet, bound: CaseDict, upstream: Iterator[Value] | None, action: str
) -> Iterator[Value]:
    piped = upstream is not None
    source: Iterator[Value] = upstream if upstream is not None else iter(())
    if cmdlet.stream or not piped:
        yield from cmdlet.run(Call(shell, cmdlet.name, bound, source, piped, action)) or ()
        return
    takers = [one for one in cmdlet.parameters if (one.pipe or one.by_property) and one.name not in bound]
    for value in source:
        more = CaseDict(bound.items())
        _bind_piped(takers, value, more, cmdlet.name)
        yield from cmdlet.run(Call(shell, cmdlet.name, more, iter(()), piped, action)) or ()


def _bind_piped(takers: list[Parameter], value: Value, bound: CaseDict, command: str) -> None:
    hit = False
    by_value = next((one for one in takers if one.pipe), None)
    for one in takers:
        names = (one.name, *one.names)
        if one.by_property and isinstance(value, PSObject):
            found = next((name for name in names if name in value.properties), None)
            if found is not None:
                bound[one.name] = value.get(found)
                hit = True
    if by_value is not None and (not hit or not by_value.by_property):
        bound[by_value.name] = value
        hit = True
    if not hit:
        raise binding_error(
            command,
            "The input object cannot be bound to any parameters for the command either because the command does "
            "not take pipeline input or the input and its properties do not match any of the parameters that "
            "take pipeline input.",
            "InputObjectNotBound",
        )


def _watched(
    shell: Shell, cmdlet: Cmdlet, stream: Iterator[Value], common: CaseDict, action: str
) -> Iterator[Value]:
    """Run with the common parameters: what the errors do, and the variables that keep output and errors."""
    kept: list[Value] = []
    before = len(shell.errors)
    shell.globals.variables["?"] = True
    try:
        for value in stream:
            if "OutVariable" in common:
                kept.append(value)
            yield value
    except PSError as error:
        error.command = error.command or cmdlet.name
        if action.lower() in ("stop", "1"):
            error.fatal = True
        elif not error.fatal and action.lower() in ("silentlycontinue", "ignore", "0", "4"):
            # An error that ends the statement is not silenced by the parameter alone, unless the cmdlet
            # writes it as one of many; the real ones do so for what was not found.
            shell.report(error, action)
            return
        raise
    finally:
        if "OutVariable" in common:
            shell.write(to_string(common["OutVariable"]).lstrip("+"), kept)
        if "ErrorVariable" in common:
            new = shell.errors[: max(len(shell.errors) - before, 0)]
            shell.write(to_string(common["ErrorVariable"]).lstrip("+"), list(reversed(new)))


def write_lines(shell: Shell, path: str, values: list[Value], *, append: bool) -> None:
    """`> file`: what would be shown, as UTF-16 text."""
    from localazure.guests.windows.powershell.display import rendered  # noqa: PLC0415 - mutual

    text = "".join(f"{line}\r\n" for line in rendered(values))
    full = shell.machine.files.resolve(path, shell.directory)
    shell.machine.files.write_text(full, text, encoding="utf-16", append=append)


__all__ = ["bind", "invoke", "run_cmdlet", "to_list", "write_lines"]
