"""See `root_locked`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context


@check(
    (Stage.BEFORE_CAPTURE, Stage.AFTER_PROVISION),
    Family.LINUX,
    probe=sh("awk", "-F:", '$1 == "root" { print ($2 == "" ? "empty" : substr($2, 1, 1)) }', "/etc/shadow"),
    proof="namespace guest",
)
def root_locked(output: Output, context: Context) -> Iterator[str]:
    """Nobody can log in as root with a password.

    Only the first character of the field is read: the probe's output is kept. Where the agent is told to
    leave root's password alone (Provisioning.DeleteRootPassword=n), that is the user's decision.
    """
    said = output.stdout.strip()
    if not context.facts.agent_says("Provisioning.DeleteRootPassword"):
        return
    if said == "empty":
        yield "root has an empty password"
    elif said not in ("!", "*"):
        yield "root has a password" if said else "/etc/shadow has no entry of root"
