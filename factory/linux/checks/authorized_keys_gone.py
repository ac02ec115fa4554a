"""See `authorized_keys_gone`."""

from collections.abc import Iterator

from factory.guest.command import Output, sh_script
from factory.guest.units import Family, Stage, check
from factory.linux.context import Context

_PROBE = """
for file in /root/.ssh/authorized_keys* /home/*/.ssh/authorized_keys* /etc/ssh/authorized_keys*/*; do
    [ ! -f "$file" ] || sed "s|^|$file |" "$file"
done
awk -F: '{ print "account " $1 " " $6 }' /etc/passwd
"""


@check(
    (Stage.BEFORE_CAPTURE, Stage.AFTER_PROVISION),
    Family.LINUX,
    probe=sh_script(_PROBE),
    proof="namespace guest",
)
def authorized_keys_gone(output: Output, context: Context) -> Iterator[str]:
    """No key of a removed account opens root's door, and no home without an owner holds keys.

    The next user of that name, or the next owner of that user ID, would inherit them.
    """
    lines = output.stdout.splitlines()
    homes = {line.rpartition(" ")[2] for line in lines if line.startswith("account ")}
    for line in lines:
        file, _, entry = line.partition(" ")
        if file == "account" or not entry.strip() or entry.lstrip().startswith("#"):
            continue
        home = file.split("/.ssh/")[0]
        if home == "/root" and set(entry.split()) & set(context.removed_keys):
            yield f"{file} lets in the key of a removed account"
        elif home.startswith("/home/") and home not in homes:
            yield f"{file} belongs to no account"
