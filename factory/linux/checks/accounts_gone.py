"""See `accounts_gone`."""

from collections.abc import Iterator

from factory.guest.command import Command, Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

_PROBE = r"""
for name; do
    for database in passwd shadow group gshadow subuid subgid \
        passwd- shadow- group- gshadow- subuid- subgid-; do
        [ -f "/etc/$database" ] || continue
        awk -F: -v name="$name" -v database="$database" '$1 == name { print name "|is in /etc/" database }
            database ~ /^(group|gshadow)/ && $1 != name {
                count = split($4, members, ",")
                for (i = 1; i <= count; i++) if (members[i] == name) print name "|is in the group " $1
            }' "/etc/$database"
    done
    for path in "/home/$name" "/var/spool/cron/crontabs/$name" "/var/spool/cron/$name" "/var/mail/$name"; do
        [ ! -e "$path" ] || printf '%s|left %s\n' "$name" "$path"
    done
    for file in /etc/sudoers /etc/sudoers.d/*; do
        [ ! -f "$file" ] || awk -v name="$name" -v file="$file" \
            '$1 == name { print name "|has rights in " file }' "$file"
    done
done
"""


def _probe(context: Context) -> Command:
    return sh_script(_PROBE, *context.accounts)


@check((Stage.BEFORE_CAPTURE, Stage.AFTER_PROVISION), Family.LINUX, probe=_probe, proof="namespace guest")
def accounts_gone(output: Output, context: Context) -> Iterator[str]:
    """No account is left that Azure or the factory made: no entry, home, group, crontab, mail or sudo right.

    The agent removes only the administrator that it finds in its own state. Without a name to look for there
    is nothing to check, which is a finding: every Azure machine has had an administrator.
    """
    if not context.accounts:
        yield "it is not known which accounts must be gone"
    found: dict[str, list[str]] = {}
    for line in output.stdout.splitlines():
        name, _, what = line.partition("|")
        found.setdefault(name, []).append(what)
    for name, traces in found.items():
        yield f"the account {name} {', '.join(traces)}"
