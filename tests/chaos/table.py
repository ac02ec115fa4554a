"""What was found: a line a case in a file, and the table of them.

`missed`: the run never came to the instant. `done`: it came to its end by itself, in spite of the blow.
"""

import fcntl
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.chaos.cases import Case
from tests.chaos.doors import BLOWS

_BAD = ("lost", "leaked", "unclear")


@dataclass(frozen=True)
class Found:
    """A case as it is kept."""

    instant: str
    door: str
    blow: str
    after: str
    seconds: float
    lost: list[str]
    leaked: list[str]
    unclear: list[str]
    text: str
    missed: bool = False

    @property
    def bad(self) -> bool:
        """Whether anything was found that must not be."""
        return bool(self.lost or self.leaked or self.unclear)

    @classmethod
    def of(cls, case: Case, seconds: float) -> "Found":
        """Keep a case."""
        of_case = (str(case.instant), case.instant.door, case.blow, case.after, round(seconds, 1))
        return cls(*of_case, case.lost, case.leaked, case.unclear, str(case), case.missed)


@dataclass(frozen=True)
class Results:
    """A file of them, written by several processes."""

    file: Path

    @property
    def counted(self) -> Path:
        """Beside it, the instants that were counted first: those who go on strike at the same ones."""
        return self.file.with_name(f"{self.file.name}.counted")

    def add(self, found: Found) -> None:
        """Write a case down."""
        with self.file.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(asdict(found)) + "\n")

    def read(self) -> list[Found]:
        """All of them."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Found(**json.loads(line)) for line in lines]


def print_table(found: Sequence[Found]) -> int:
    """Say what was found; 1 if anything is lost, leaked or unclear, or nothing was struck."""
    doors = Counter(door for _, door in {(one.instant, one.door) for one in found})
    of_doors = ", ".join(f"{count} {door}" for door, count in sorted(doors.items()))
    print(f"{doors.total()} instants ({of_doors}), {len(found)} cases of {_mean(found):.1f} s each\n")
    columns = ("cases", "missed", "done", "resumed", "reaped", *_BAD)
    print(" " * 12 + "".join(f"{column:>9}" for column in columns))
    for blow in (*BLOWS, "all"):
        print(_row(blow, [one for one in found if blow in (one.blow, "all")]))
    bad = [one for one in found if one.bad]
    for one in bad:
        print(f"\n{one.text}")
    return 1 if bad or not found else 0


def _row(name: str, found: Sequence[Found]) -> str:
    after = Counter(one.after for one in found)
    bad = [sum(bool(getattr(one, what)) for one in found) for what in _BAD]
    ended = [after[way] for way in ("done by itself", "resumed", "reaped")]
    counts = [len(found), sum(one.missed for one in found), *ended, *bad]
    return f"{name:12}" + "".join(f"{count:9}" for count in counts)


def _mean(found: Sequence[Found]) -> float:
    return sum(one.seconds for one in found) / max(1, len(found))
