"""Two answers compared: code, headers (which, and of what form), bodies key by key.

Volatile parts are replaced by their form before: a GUID is `<guid>`, a time is `<time>`. All else has to be
equal, values too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_FORMS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)"), "<time>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE), "<guid>"),
    (re.compile(r";\d+"), ";<count>"),
)
_COUNTS = re.compile(r"content-length|x-ms-ratelimit-remaining-subscription-\w+")


@dataclass(frozen=True)
class Answer:
    """What is compared, with names and addresses already made the same on both sides."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Difference:
    """One thing that differs; `recorded` or `live` is None where that side has nothing."""

    where: str
    recorded: Any
    live: Any

    def __str__(self) -> str:
        return f"{self.where}: recorded {_short(self.recorded)}, live {_short(self.live)}"


def differences(recorded: Answer, live: Answer) -> Iterator[Difference]:
    """All differences between two answers."""
    if recorded.status != live.status:
        yield Difference("status", recorded.status, live.status)
    for name in sorted(recorded.headers.keys() | live.headers.keys()):
        had, got = (_header(name, one.headers.get(name)) for one in (recorded, live))
        if had != got:
            yield Difference(f"header {name}", had, got)
    yield from _values("body", recorded.body, live.body)


def _header(name: str, value: str | None) -> str | None:
    if value is None:
        return None
    return "<count>" if _COUNTS.fullmatch(name) else form(value)


def _values(where: str, recorded: Any, live: Any) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(live, dict):
        for key in [*recorded, *(key for key in live if key not in recorded)]:
            yield from _values(f"{where}.{key}", recorded.get(key), live.get(key))
    elif isinstance(recorded, list) and isinstance(live, list) and len(recorded) == len(live):
        for had, got in zip(recorded, live, strict=True):
            yield from _values(f"{where}[]", had, got)
    elif (had := form(recorded)) != (got := form(live)) or type(recorded) is not type(live):
        yield Difference(where, had, got)


def form(value: Any) -> Any:
    """A string with what is volatile in it replaced by its form; anything else as it is."""
    if isinstance(value, str):
        for pattern, name in _FORMS:
            value = pattern.sub(name, value)
    return value


def _short(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) < 120 else text[:117] + "..."
