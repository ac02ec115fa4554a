"""See `cloud_init_cleaned`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check


@check(
    Stage.BEFORE_CAPTURE,
    Family.LINUX,
    probe=sh_script("[ ! -d /var/lib/cloud ] || find /var/lib/cloud -mindepth 1 -maxdepth 1"),
    proof="QEMU guest",
)
def cloud_init_cleaned(output: Output) -> Iterator[str]:
    """cloud-init has forgotten this machine: no instance, no semaphores, no data, no seed."""
    harmful = ("instance", "instances", "sem", "data", "seed")
    names = sorted(line.rsplit("/", 1)[-1] for line in output.stdout.splitlines())
    left = [name for name in names if name in harmful]
    if left:
        yield f"/var/lib/cloud still holds {', '.join(left)}"
