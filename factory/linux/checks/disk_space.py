"""See `disk_space`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check

NEEDED_KIB = 64 * 1024
PROBE = sh("df", "-Pk", "/", "/var")


@check((Stage.BEFORE_GENERALIZE, Stage.BEFORE_CAPTURE), Family.LINUX, probe=PROBE, proof="namespace guest")
def disk_space(output: Output) -> Iterator[str]:
    """There is room to work: tools that cannot write leave files empty, and say nothing.

    64 MiB on the file systems of / and /var: before the work, and after it, where a disk that has become full
    explains what else is found.
    """
    for line in output.stdout.splitlines()[1:]:
        columns = line.split()
        if len(columns) >= 6 and columns[3].isdecimal() and int(columns[3]) < NEEDED_KIB:
            yield f"only {int(columns[3]) // 1024} MiB are free on {columns[5]}"
