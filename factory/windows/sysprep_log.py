"""Sysprep's log: what this run wrote into it, and what in it is worth showing.

Sysprep appends. The logs are moved away before the run; should that have failed, the begin marker and the
times of the lines still tell this run's part. The times are the guest's local time.
"""

import re
from collections.abc import Sequence
from datetime import datetime

_BEGIN = "Beginning of a new sysprep run"
_LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d), (?P<level>\w+)\s+(?:\[0x[0-9a-f]+\] )?(?P<text>.*)",
    re.IGNORECASE,
)
_HARMLESS = (
    "MRTGeneralize",
    "setupdigetclassdevs failed with error 0",
    "BCD: Bi",
    "BCD: Failed to export alterations to firmware",
    "Failed to re-enable Compat-Gentel custom trigger",
)
"""Errors that good runs write too, as public logs show."""


def this_run(lines: Sequence[str], began: datetime | None) -> list[str]:
    """The lines after the last begin marker that are not older than this run.

    `began` is the guest's local time without a zone, as in the log. A line without a time belongs to the
    one before it.
    """
    start = max((index for index, line in enumerate(lines) if _BEGIN in line), default=-1)
    kept, young = [], began is None
    for line in lines[start + 1 :]:
        found = _LINE.match(line)
        if found and began is not None:
            young = datetime.fromisoformat(found["time"]) >= began.replace(microsecond=0)
        if young:
            kept.append(line)
    return kept


def errors_in(lines: Sequence[str]) -> list[str]:
    """The lines that tell of an error, without those that good runs write too."""
    return [
        line
        for line in lines
        if (found := _LINE.match(line))
        and found["level"].casefold() == "error"
        and not any(text in line for text in _HARMLESS)
    ]


def message_of(line: str) -> str:
    """What a line says, without time, level and number."""
    found = _LINE.match(line)
    return (found["text"] if found else line).strip()
