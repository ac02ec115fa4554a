"""See `histories_gone`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check

_PROBE = """
for home in /root /home/*; do
    for file in "$home"/.*_history; do [ ! -s "$file" ] || echo "$file"; done
done
"""


@check(Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def histories_gone(output: Output) -> Iterator[str]:
    """No shell history is left, of anybody."""
    paths = sorted(output.stdout.splitlines())
    if paths:
        yield f"{', '.join(paths)} still there"
