"""One fault as it was asked for: which calls it means, which of those it hits, and what it has hit so far."""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from localazure.arm.errors import ArmError

GUEST = "GUEST "
"""Operations of machines, not of the Resource Manager, begin with this word."""

_SETTINGS = (
    "operation",
    "kind",
    "resource",
    "occurrence",
    "every",
    "times",
    "share",
    "seed",
    "retry_after",
    "data",
)


@dataclass
class Fault:
    """`operation` is a verb and a type (`PUT Microsoft.Compute/disks`), each of which may hold `*`.

    An action's type ends in its name: `POST Microsoft.Compute/virtualMachines/generalize`. `*` alone means
    every call of the Resource Manager. `resource` narrows it to ids that match (`*/virtualMachines/app-*`).
    Of the matching calls the fault hits `times` from the `occurrence`-th on, or all of them (`every`), or
    each with the probability `share` as `seed` has it: the same seed hits the same calls.
    """

    id: str
    operation: str
    kind: str
    resource: str = "*"
    occurrence: int = 1
    every: bool = False
    times: int | None = None
    share: float | None = None
    seed: int = 0
    retry_after: float | None = None
    data: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    """Matching calls so far."""
    hits: int = 0
    memory: dict[str, Any] = field(default_factory=dict)
    """What the kind must remember, kept with the fault."""

    @classmethod
    def from_body(cls, fault_id: str, body: dict[str, Any]) -> Fault:
        """Read what a client asked for; ArmError 400 names what is wrong."""
        if unknown := sorted(set(body) - set(_SETTINGS)):
            raise refused(f"unknown settings {', '.join(unknown)}; known are {', '.join(_SETTINGS)}")
        for name in ("operation", "kind"):
            if not isinstance(body.get(name), str) or not body[name].strip():
                raise refused(f"{name} is missing")
        fault = cls(fault_id, **{name: value for name, value in body.items() if value is not None})
        fault.check()
        return fault

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Fault:
        """Read what was kept."""
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in record.items() if name in known})

    def record(self) -> dict[str, Any]:
        """What is kept, and shown."""
        return asdict(self)

    def check(self) -> None:
        """Refuse settings that mean nothing."""
        if not isinstance(self.occurrence, int) or self.occurrence < 1:
            raise refused("occurrence counts from 1")
        if self.times is not None and (not isinstance(self.times, int) or self.times < 1):
            raise refused("times is 1 or more")
        if self.share is not None and not 0 < float(self.share) <= 1:
            raise refused("share is above 0 and at most 1")
        if self.retry_after is not None and float(self.retry_after) < 0:
            raise refused("retry_after is a number of seconds")
        if not isinstance(self.data, dict):
            raise refused("data is an object")
        if self.operation != "*" and re.fullmatch(r"\S+ \S+", self.operation) is None:
            raise refused("operation is '*' or a verb and a type, such as 'PUT Microsoft.Compute/disks'")

    def concerns(self, operation: str, resource: str) -> bool:
        """Tell whether a call is one of those meant."""
        wanted = self.operation.lower()
        # a dot is in a provider's name: neither a machine nor a blob is the Resource Manager's
        named = "." in operation if wanted == "*" else fnmatchcase(operation.lower(), wanted)
        return named and fnmatchcase(resource.lower(), self.resource.lower())

    def meet(self) -> bool:
        """Count a call that is meant; tell whether it is hit."""
        self.seen += 1
        due = self._due()
        self.hits += due
        return due

    def _due(self) -> bool:
        if self.share is not None:
            drawn = random.Random(f"{self.seed}/{self.seen}").random()  # noqa: S311 - chance, no secret
            return drawn < self.share and (self.times is None or self.hits < self.times)
        if self.every:
            return self.seen >= self.occurrence and (self.times is None or self.hits < self.times)
        return self.occurrence <= self.seen < self.occurrence + (self.times or 1)


def refused(why: str) -> ArmError:
    """A fault that cannot be set."""
    return ArmError(400, "InvalidFault", f"This fault cannot be set: {why}.")
