"""Which instants are struck with what, in an order that the seed decides."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tests.chaos.doors import BLOWS, Blow, Instant


@dataclass(frozen=True)
class Slice:
    """The I-th of N parts of all cases, from 1."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2/5"."""
        number, _, of = text.partition("/")
        if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
            raise argparse.ArgumentTypeError(f"{text!r} is not a part such as 2/5")
        return cls(int(number), int(of))

    def holds(self, index: int) -> bool:
        """Whether a case is in this part; all parts together hold each case once."""
        return index % self.of == self.number - 1


def choose(instants: Sequence[Instant], *, seed: int, cases: int | None = None) -> list[tuple[Instant, Blow]]:
    """Every instant with every blow, shuffled; or the first so many of these."""
    every = [(instant, blow) for instant in instants for blow in BLOWS]
    random.Random(seed).shuffle(every)
    return every if cases is None else every[:cases]
