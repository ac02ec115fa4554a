"""See `host_keys_new`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context
from factory.remote.fingerprints import fingerprints


@check(
    Stage.AFTER_PROVISION,
    Family.LINUX,
    probe=sh_script("cat /etc/ssh/ssh_host_*_key.pub"),
    proof="namespace guest",
)
def host_keys_new(output: Output, context: Context) -> Iterator[str]:
    """The machine has SSH host keys, and none of the source's."""
    found = fingerprints(output.stdout.splitlines())
    if not found:
        yield "there are no SSH host keys"
    if context.expected is None:
        yield "it is not known which host keys the source has"
        return
    for kind in sorted(found):
        if found[kind] in context.expected.source.host_keys.values():
            yield f"the {kind} host key is the source's"
