"""See `host_keys_gone`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(
    Stage.BEFORE_CAPTURE,
    Family.LINUX,
    probe=sh("find", "/etc/ssh", "-name", "ssh_host_*"),
    proof="namespace guest",
)
def host_keys_gone(output: Output, context: Context) -> Iterator[str]:
    """The SSH host keys are gone, and something will make new ones.

    Left over, every machine of the image shows the same keys; gone with nothing to make new ones, nobody can
    log in.
    """
    paths = sorted(output.stdout.splitlines())
    if paths:
        yield f"{', '.join(paths)} still there"
    if context.facts.host_key_regenerator is None:
        yield "nothing would make new host keys at first boot"
