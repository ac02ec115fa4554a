"""See `udf_readable`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check

_PROBE = r"""
cat /etc/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /run/modprobe.d/*.conf 2>/dev/null |
    grep -E '^[[:space:]]*(install[[:space:]]+udf[[:space:]]|blacklist[[:space:]]+udf[[:space:]]*$)'
true
"""


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=sh_script(_PROBE), proof="real commands")
def udf_readable(output: Output) -> Iterator[str]:
    """The kernel may read UDF, the file system of the disc that tells a new machine its name and user.

    Hardening guides (CIS) forbid it; the agent and cloud-init before 21.2 then provision nothing.
    """
    for line in output.stdout.splitlines():
        yield f"modprobe.d forbids udf ({line.strip()}): the provisioning disc could not be read"
