"""See `host_key_regenerator`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

_PROBE = """
cat /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg 2>/dev/null |
    grep -E '^[[:space:]]*-[[:space:]]*ssh[[:space:]]*$|^cloud_init_modules:.*[[ ,]ssh[], ]'
true
"""


@check(Stage.BEFORE_GENERALIZE, Family.LINUX, probe=sh_script(_PROBE), proof="namespace guest")
def host_key_regenerator(output: Output, context: Context) -> Iterator[str]:
    """Something makes new SSH host keys at first boot.

    cloud-init does, where it provisions and its module `ssh` is on. Without cloud-init sshd fails at
    boot, and the agent, which makes keys later, only restarts an sshd that runs.
    """
    maker = context.facts.host_key_regenerator
    if maker is None:
        yield (
            "nothing makes SSH host keys before sshd starts: add a drop-in of sshd's unit "
            "with ExecStartPre=/usr/bin/ssh-keygen -A"
        )
    elif maker == "cloud-init" and not output.stdout.strip():
        yield "cloud-init's module ssh is off, so nothing makes SSH host keys"
