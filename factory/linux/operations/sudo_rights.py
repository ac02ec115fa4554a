"""See `sudo_rights`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context

_DROP = r"""
for file in /etc/sudoers.d/*; do
    [ -f "$file" ] && [ "${file##*/}" != README ] || continue
    rest=$(awk -v names="$*" 'BEGIN { split(names, list, " "); for (i in list) gone[list[i]] }
        !($1 in gone)' "$file") || exit
    if printf '%s\n' "$rest" | grep -qE '^[[:space:]]*([^#[:space:]]|#includedir|#include)'; then
        printf '%s\n' "$rest" | cmp -s - "$file" || printf '%s\n' "$rest" > "$file"
    else
        rm -f -- "$file"
    fi
done
"""


@operation(
    Phase.GENERALIZE, Family.LINUX, after=("accounts",), paths=("/etc/sudoers.d",), proof="namespace guest"
)
def sudo_rights(context: Context) -> Iterator[Command]:
    """Take away the sudo rights of removed accounts, and files of rules that are then empty.

    cloud-init's 90-cloud-init-users and the agent's own file stay behind otherwise, and give everything to
    whoever gets that name next. Rights of other users in the same files stay.
    """
    yield sh_script(_DROP, *context.accounts)
