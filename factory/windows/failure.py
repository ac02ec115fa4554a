"""Known ways in which Sysprep fails: what its log says, what that means, what to do, and how we know.

Each is a file in `failures/`, found because it is there. A signature is looked for only in what this run
wrote into the log: Sysprep appends to its logs, so an older run's failure would be taken for this one's.
"""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from factory.guest.units import UnitError
from factory.windows import failures

Source = Literal["from a public log", "documented"]


@dataclass(frozen=True)
class Failure:
    """One known failure. `cause` may name groups of the signature: `{package}`.

    A `hang` writes no error: its signature is looked for in the log's last word. `citation` is where the log
    or the document can be read. The module's docstring is its page.
    """

    signature: str
    cause: str
    remedy: str
    source: Source
    citation: str
    hang: bool = False
    name: str = ""
    docstring: str = ""

    def matches(self, line: str) -> "Match | None":
        """What this line of the log says, if it is this failure."""
        found = re.search(self.signature, line, re.IGNORECASE)
        if found is None:
            return None
        return Match(self.name, self.cause.format(**found.groupdict(default="")), self.remedy, line.strip())


@dataclass(frozen=True)
class Match:
    """A known failure found in the log, with the line that shows it."""

    failure: str
    cause: str
    remedy: str
    line: str


@cache
def known_failures() -> tuple[Failure, ...]:
    """Every known failure, by name. UnitError for one without a page."""
    found = []
    for info in sorted(pkgutil.iter_modules(failures.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{failures.__name__}.{info.name}")
        failure = getattr(module, "FAILURE", None)
        if not isinstance(failure, Failure) or not module.__doc__:
            raise UnitError(f"{module.__name__} has no FAILURE, or no docstring to be its page")
        parts = {"name": info.name, "docstring": inspect.cleandoc(module.__doc__)}
        found.append(Failure(**{**vars(failure), **parts}))
    return tuple(found)


def diagnose(lines: Sequence[str], *, hung: bool = False) -> tuple[Match, ...]:
    """The known failures that these lines show, each once for each cause, in the order of the log.

    Of a Sysprep that `hung`, the last line tells at what.
    """
    found: dict[tuple[str, str], Match] = {}
    for line in lines[-1:] if hung else lines:
        for failure in known_failures():
            match = failure.matches(line) if failure.hang is hung else None
            if match is not None:
                found.setdefault((match.failure, match.cause), match)
    return tuple(found.values())
