"""Which instants are struck with what, in an order that the seed decides."""

import random
from collections.abc import Sequence

from tests.chaos.doors import BLOWS, Blow, Instant


def choose(instants: Sequence[Instant], *, seed: int, cases: int | None = None) -> list[tuple[Instant, Blow]]:
    """Every instant with every blow, shuffled; or the first so many of these."""
    every = [(instant, blow) for instant in instants for blow in BLOWS]
    random.Random(seed).shuffle(every)
    return every if cases is None else every[:cases]
