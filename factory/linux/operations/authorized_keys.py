"""See `authorized_keys`."""

from collections.abc import Iterator

from factory.guest.command import Command, sh_script
from factory.guest.units import Family, Phase, operation
from factory.linux.context import Context

_DROP = r"""
file=$1
shift
[ -f "$file" ] || exit 0
rest=$(awk -v keys="$*" 'BEGIN { split(keys, list, " "); for (i in list) gone[list[i]] }
    { for (i = 1; i <= NF; i++) if ($i in gone) next; print }' "$file") || exit
printf '%s\n' "$rest" | sed '/^$/d' > "$file"
"""


@operation(
    Phase.GENERALIZE, Family.LINUX, after=("accounts",), paths=("/root/.ssh",), proof="namespace guest"
)
def authorized_keys(context: Context) -> Iterator[Command]:
    """Remove the keys of removed accounts from root's authorized_keys.

    cloud-init writes the administrator's key there too, behind a command that only says which user to take;
    an image must not carry it. Other keys that somebody gave to root stay.
    """
    if context.removed_keys:
        for name in ("authorized_keys", "authorized_keys2"):
            yield sh_script(_DROP, f"/root/.ssh/{name}", *context.removed_keys)
