"""See `resolv_conf_sane`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context
from factory.linux.operations.resolv_conf import AZURE_RESOLVER

_PROBE = """
if [ -L /etc/resolv.conf ]; then echo "link $(readlink /etc/resolv.conf)"
elif [ -f /etc/resolv.conf ]; then echo file; grep -E '^(nameserver|search|domain)' /etc/resolv.conf
else echo missing
fi
true
"""


@check(Stage.BEFORE_CAPTURE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def resolv_conf_sane(output: Output, context: Context) -> Iterator[str]:
    """/etc/resolv.conf is there and names nothing of the old network.

    The agent deletes it on most distributions, and where nothing writes one, the next machine has no names.
    """
    lines = output.stdout.split("\n")
    was = context.facts.resolv_conf
    if lines[0] == "missing":
        yield "/etc/resolv.conf is missing"
    elif lines[0] == "file" and was not in (None, "file"):
        yield f"/etc/resolv.conf is a file, and was a link to {was}"
    elif lines[0] == "file":
        strange = [line for line in lines[1:] if line and line.split() != ["nameserver", AZURE_RESOLVER]]
        if strange:
            yield f"/etc/resolv.conf tells of the old network: {', '.join(strange)}"
