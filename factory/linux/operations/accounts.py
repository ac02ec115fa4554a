"""See `accounts`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context
from factory.linux.facts import FIRST_HUMAN_UID

DATABASES = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")

LEAST = str(FIRST_HUMAN_UID)

_IS_HUMAN = '[ "$(getent passwd "$1" | cut -d: -f3)" -ge "$2" ]'
_IS_HUMAN_GROUP = '[ "$(getent group "$1" | cut -d: -f3)" -ge "$2" ]'
_HOME = """
case "$1" in
/home/?*) rm -rf -- "$1" ;;
esac
"""


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("deprovision",),
    paths=(
        "/etc/passwd*",
        "/etc/shadow*",
        "/etc/group*",
        "/etc/gshadow*",
        "/etc/subuid*",
        "/etc/subgid*",
        "/etc/.pwd.lock",
        "/home",
        "/var/mail",
        "/var/spool/mail",
        "/var/spool/cron",
    ),
    proof="namespace guest",
)
def accounts(context: Context) -> Iterator[Command]:
    """Remove the accounts that must not be in the image, with their homes.

    These are the factory's temporary administrator, and Azure's where the agent did not remove it (without
    ovf-env.xml it does not know the name). Whoever is still logged in as one of them is no reason not to.
    A system account is never removed, whoever names it: the gate then says that it is there. The tools keep
    the entries, password hashes too, in backups like /etc/shadow-: those go last.
    """
    homes = {user.name: user.home for user in context.facts.users}
    for name in context.accounts:
        yield sh("userdel", "--force", "--remove", name).only_if(sh_script(_IS_HUMAN, name, LEAST))
        yield sh("groupdel", name).only_if(sh_script(_IS_HUMAN_GROUP, name, LEAST))
        yield sh("rm", "-f", "--", f"/var/spool/cron/crontabs/{name}", f"/var/mail/{name}")
        yield sh_script(_HOME, homes.get(name, f"/home/{name}"))
    yield sh("rm", "-f", "--", *(f"/etc/{database}-" for database in DATABASES))
