"""What the factory's PowerShell scripts print: one JSON document, in the last line."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

_DRIFT = timedelta(seconds=1)
"""Windows reckons its boot time back from its uptime, so setting the clock moves it a little."""


class NoAnswerError(ValueError):
    """A script did not print the JSON document that it prints when it worked."""


def answer_of(text: str) -> Any:
    """The JSON document in the last line that a script printed. Raises NoAnswerError."""
    last = (text.strip().splitlines() or [""])[-1].lstrip("\ufeff")
    try:
        return json.loads(last)
    except ValueError as error:
        raise NoAnswerError(f"no answer, but {last[:120]!r}") from error


def moment(text: str) -> datetime:
    """A point in time as PowerShell's `ToString('o')` prints it: seven digits of a second."""
    found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.strip()).replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def restarted(before: datetime, after: datetime) -> bool:
    """Whether a machine was started anew between two looks at its boot time."""
    return abs(after - before) > _DRIFT
