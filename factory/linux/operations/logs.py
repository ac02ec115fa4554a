"""See `logs`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh, sh_script
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("accounts", "cloud_init", "deprovision"),
    paths=("/var/log",),
    proof="namespace guest",
)
def logs() -> Iterator[Command]:
    """Empty the logs.

    They tell of another machine and of the people on it. Files stay, with owner and mode, because daemons
    that run as somebody else cannot make them; rotated ones go. The journal first lets go of the disk: it
    is kept in a directory named for the machine ID.
    """
    journal = sh("test", "-d", "/run/systemd/journal")
    yield sh("journalctl", "--relinquish-var").only_if(journal)
    yield sh_script("rm -rf /var/log/journal/*")
    yield sh_script(
        "find /var/log -xdev -type f "
        r"\( -name '*.gz' -o -name '*.xz' -o -name '*.zst' -o -name '*.[0-9]' -o -name '*.old' "
        r"-o -name '*-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' \) -delete"
    )
    yield sh("find", "/var/log", "-xdev", "-type", "f", "-exec", "truncate", "--size=0", "{}", "+")
