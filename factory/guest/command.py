"""Commands for a guest, quoted once.

A unit builds commands with `sh` and `sh_script` and never makes a command line itself: values become words or
positional parameters, so no value is ever read as shell text. What must stay secret goes through `stdin`; the
arguments of a process can be read by every user of the machine.
"""

import shlex
from dataclasses import dataclass, field, replace

SECOND = 1.0
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Output:
    """What a command left: exit status and both streams, cut in the middle when longer than the cap."""

    status: int
    stdout: str = ""
    stderr: str = ""
    skipped: bool = False
    """The command's guard said no: it was not run."""

    @property
    def ok(self) -> bool:
        """It ran and said that it succeeded. Some programs say so when they failed: look at effects."""
        return self.status == 0 and not self.skipped


@dataclass(frozen=True)
class Command:
    """One command for a guest's root shell.

    `line` is shell text made by `sh` or `sh_script`. `guard` is another such line: unless it succeeds, the
    command is skipped. `timeout` is in seconds. The line of a `sensitive` command and its output appear in no
    log and no record; `stdin` never does.
    """

    line: str = field(repr=False)
    stdin: bytes = field(default=b"", repr=False)
    timeout: float = MINUTE
    sensitive: bool = False
    guard: str = ""

    def __str__(self) -> str:
        return "(hidden command)" if self.sensitive else self.line

    def if_exists(self, path: str) -> "Command":
        """The same command, skipped where the path does not exist."""
        return self.only_if(sh("test", "-e", path))

    def if_program(self, name: str) -> "Command":
        """The same command, skipped where the guest has no such program."""
        return self.only_if(sh("command", "-v", name))

    def only_if(self, probe: "Command") -> "Command":
        """The same command, skipped unless the probe succeeds; several conditions must all hold."""
        return replace(self, guard=f"{self.guard} && {probe.line}" if self.guard else probe.line)


def sh(*words: str, stdin: bytes = b"", timeout: float = MINUTE, sensitive: bool = False) -> Command:
    """A program and its arguments; each word arrives as it is, whatever characters it has."""
    if not words:
        raise ValueError("a command needs at least the name of a program")
    for word in words:
        if "\0" in word:
            raise ValueError(f"no program can be given a NUL byte: {word!r}")
    return Command(shlex.join(words), stdin=stdin, timeout=timeout, sensitive=sensitive)


def sh_script(
    script: str, *parameters: str, stdin: bytes = b"", timeout: float = MINUTE, sensitive: bool = False
) -> Command:
    """A constant POSIX shell script; what varies is passed as $1, $2, … and must be quoted in the script.

    For what words alone cannot say: wildcards, pipelines, loops.
    """
    return sh("sh", "-c", script, "sh", *parameters, stdin=stdin, timeout=timeout, sensitive=sensitive)
