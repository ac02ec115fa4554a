"""How Windows units are written: the probe is a script beside the judge, its answer one JSON document."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from factory.guest.command import MINUTE, Command, Output
from factory.guest.powershell import PowerShell, Value, ps_file
from factory.guest.units import Check, Family, Proof, Stage, check
from factory.windows.answers import answer_of, moment
from factory.windows.context import Context

__all__ = ["Doubt", "beside", "moment", "script", "windows_check"]

SCRIPTS = Path(__file__).parent / "scripts"


class Doubt(str):
    """A finding that is told as a warning: by no document a reason not to go on."""


def script(name: str, parameters: Mapping[str, Value] | None = None, **options: Any) -> PowerShell:
    """One of the factory's scripts, by the name of its file."""
    return ps_file(SCRIPTS / f"{name}.ps1", parameters, **options)


def beside(
    file: str, parameters: Mapping[str, Value] | None = None, *, timeout: float = MINUTE
) -> PowerShell:
    """The script that lies beside a unit's file and has its name."""
    return ps_file(Path(file).with_suffix(".ps1"), parameters, timeout=timeout)


def windows_check(
    stage: Stage | tuple[Stage, ...],
    file: str,
    *,
    remedy: str = "",
    parameters: Callable[[Context], Mapping[str, Value]] | None = None,
    proof: Proof = "documented",
) -> Callable[[Callable[..., Iterator[str]]], Check]:
    """Make a check of a judge of the probe's answer; a second parameter, if it has one, is the context.

    The probe is the script beside `file`. What is found ends with the remedy.
    """
    plain = beside(file)

    def probe(context: Context) -> Command:
        return beside(file, parameters(context)) if parameters else plain

    def make(function: Callable[..., Iterator[str]]) -> Check:
        takes = len(inspect.signature(function).parameters)

        def judge(output: Output, context: Any = None) -> Iterator[str]:
            if output.status != 0:
                return  # the unit says that it cannot be told
            try:
                answer = answer_of(output.stdout)
                found = list(function(*(answer, context)[:takes]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                yield f"cannot be told, the probe gave {error}"
                return
            for text in found:
                yield type(text)(f"{text}. Remedy: {remedy}") if remedy else text

        judge.__name__, judge.__doc__ = function.__name__, function.__doc__
        return check(stage, Family.WINDOWS, probe=probe, proof=proof)(judge)

    return make
