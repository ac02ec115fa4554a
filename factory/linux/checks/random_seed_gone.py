"""See `random_seed_gone`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.operations.random_seed import SEEDS


@check(
    Stage.BEFORE_CAPTURE,
    Family.LINUX,
    probe=sh_script('for file; do [ ! -e "$file" ] || echo "$file"; done', *SEEDS),
    proof="namespace guest",
)
def random_seed_gone(output: Output) -> Iterator[str]:
    """No random seed is saved: machines of one image would start from the same."""
    paths = output.stdout.splitlines()
    if paths:
        yield f"{', '.join(paths)} still there"
