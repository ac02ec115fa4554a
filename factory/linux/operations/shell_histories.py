"""See `shell_histories`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation

_REMOVE = """
cut -d: -f6 /etc/passwd | sort -u | while read -r home; do
    case "$home" in /root | /home/?*) ;; *) continue ;; esac
    for file; do rm -f -- "$home/$file"; done
done
"""
FILES = (
    ".bash_history",
    ".zsh_history",
    ".ash_history",
    ".python_history",
    ".lesshst",
    ".viminfo",
    ".wget-hsts",
    ".mysql_history",
    ".psql_history",
)


@operation(
    Phase.GENERALIZE,
    Family.LINUX,
    after=("accounts",),
    paths=tuple(f"{home}/{name}" for home in ("/root", "/home/*") for name in FILES),
    proof="namespace guest",
)
def shell_histories() -> Iterator[Command]:
    """Remove the histories of shells and tools, of root and of all users that stay.

    Passwords are typed where they do not belong.
    """
    yield sh_script(_REMOVE, *FILES)
