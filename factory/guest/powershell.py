"""PowerShell commands for a Windows guest, quoted once.

A script is a constant text with a `param()` block, kept as a `.ps1` file beside the code that uses it; what
varies is passed by name. A value becomes a literal in single quotes, where PowerShell expands nothing. What
must stay secret goes through `stdin`: command lines can be read by every administrator, and are logged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from factory.guest.command import MINUTE, Command

Value = str | int
"""What can be a parameter. There is no switch: `-File` and `-EncodedCommand` disagree about them."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")
"""PowerShell takes typographic quotes for plain ones, so each of them ends a literal."""


@dataclass(frozen=True)
class PowerShell(Command):
    """One script for a Windows guest: `line` is its text, `name` what records and errors call it."""

    name: str = ""
    arguments: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        return "(hidden command)" if self.sensitive else f"{self.name}{self.parameters}"

    @property
    def parameters(self) -> str:
        """The arguments as PowerShell reads them, each with a space before it."""
        return "".join(f" -{name} {ps_literal(value)}" for name, value in self.arguments)

    @property
    def inline(self) -> str:
        """The whole command as one expression, where the script need not lie in a file."""
        return f"& {{\n{self.line}\n}}{self.parameters}"

    def of_file(self, path: str) -> str:
        """The same command, for a script that lies in a file of the guest."""
        return f"& {ps_literal(path)}{self.parameters}\nexit $LASTEXITCODE"

    def with_stdin(self, stdin: bytes) -> "PowerShell":
        """The same command, with something on its standard input."""
        return replace(self, stdin=stdin)


def ps(
    name: str,
    script: str,
    parameters: Mapping[str, Value] | None = None,
    *,
    stdin: bytes = b"",
    timeout: float = MINUTE,
    sensitive: bool = False,
) -> PowerShell:
    """A script and its parameters; each value arrives as it is, whatever characters it has."""
    arguments = tuple((parameters or {}).items())
    for parameter, value in arguments:
        if not _NAME.fullmatch(parameter):
            raise ValueError(f"not the name of a parameter: {parameter!r}")
        ps_literal(value)
    return PowerShell(
        line=script, stdin=stdin, timeout=timeout, sensitive=sensitive, name=name, arguments=arguments
    )


def ps_file(path: Path, parameters: Mapping[str, Value] | None = None, **options: float | bool) -> PowerShell:
    """The script in a file of the factory's own; see `ps` for the options."""
    return ps(path.stem, path.read_text(encoding="utf-8"), parameters, **options)  # type: ignore[arg-type]


def ps_literal(value: Value) -> str:
    """A value as a PowerShell literal."""
    if isinstance(value, int):
        return str(int(value))
    if "\0" in value:
        raise ValueError(f"no program can be given a NUL byte: {value!r}")
    return "'" + _QUOTES.sub(lambda quote: quote.group() * 2, value) + "'"
