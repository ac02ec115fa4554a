"""See `random_seed`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh
from factory.guest.units import Family, Phase, operation

SEEDS = ("/var/lib/systemd/random-seed", "/var/lib/urandom/random-seed", "/var/lib/random-seed")


@operation(Phase.GENERALIZE, Family.LINUX, paths=SEEDS, proof="namespace guest")
def random_seed() -> Iterator[Command]:
    """Remove the saved random seed.

    All machines of an image would start from the same one. Its service is stopped first, because a stopping
    service saves a seed, and otherwise that would be at power-off, after everything else.
    """
    yield sh("systemctl", "stop", "systemd-random-seed.service").if_exists("/run/systemd/system")
    yield sh("rm", "-f", "--", *SEEDS)
