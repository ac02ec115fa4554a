"""See `mail_spool`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("accounts",),
    paths=("/var/mail", "/var/spool/mail"),
    proof="real commands",
)
def mail_spool() -> Iterator[Command]:
    """Remove local mail, which cron and others wrote to people of the old machine."""
    yield sh_script("find /var/mail/ /var/spool/mail/ -xdev -type f -delete 2>/dev/null; true")
