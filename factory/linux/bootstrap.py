"""Scripts for Run Command: the way into a machine for which we hold no credentials, and its host keys.

Run Command is answered by the agent inside, over Azure's own channel: what it says of host keys needs no
trust in the network. Azure keeps only the last 4096 bytes of the output, so an answer is short, and
framed by marks: without the first of them something was cut off.
"""

import re

from factory.errors import FactoryError
from factory.guest.command import sh_script
from factory.remote.keys import HostKeys

EXPIRES_DAYS = 2
"""A temporary administrator that nobody removed cannot log in any more after this."""

_BEGIN, _END = "@@ begin", "@@ end"
_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")

_HOST_KEYS = """
for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    paths=$(sshd -T 2>/dev/null | awk '$1 == "hostkey" { print $2 ".pub" }')
    found=
    for path in $paths /etc/ssh/ssh_host_*_key.pub; do [ ! -s "$path" ] || found=yes; done
    [ -z "$found" ] || break
    sleep 1
done
echo "@@ begin"
for path in $paths /etc/ssh/ssh_host_*_key.pub; do
    [ ! -s "$path" ] || cut -d' ' -f1,2 "$path"
done | sort -u
echo "@@ end"
"""

_TEMPORARY_ADMIN = """
set -eu
name=$1 key=$2 days=$3
if ! getent passwd "$name" > /dev/null; then
    useradd --create-home --shell /bin/sh --comment "temporary administrator of an image build" "$name"
fi
usermod --password '*' --expiredate "$(date -u -d "+$days days" +%Y-%m-%d)" "$name"
home=$(getent passwd "$name" | cut -d: -f6)
mkdir -p "$home/.ssh"
printf '%s\\n' "$key" > "$home/.ssh/authorized_keys"
chmod 700 "$home/.ssh"
chmod 600 "$home/.ssh/authorized_keys"
chown -R "$name:" "$home/.ssh"
rules=/etc/sudoers.d/90-$name
printf '%s ALL=(ALL) NOPASSWD: ALL\\n' "$name" > "$rules.part"
chmod 440 "$rules.part"
if command -v visudo > /dev/null; then visudo -cqf "$rules.part"; fi
mv -f "$rules.part" "$rules"
echo "@@ begin"
echo "$name"
echo "@@ end"
"""


class BootstrapError(FactoryError):
    """A bootstrap script did not give the answer that it gives when it worked."""


def host_keys_script() -> str:
    """A script that prints the public host keys that sshd shows, after waiting 20 s for the first of them."""
    return sh_script(_HOST_KEYS).line


def parse_host_keys(host: str, output: str) -> HostKeys:
    """The host keys of the machine `host`, from what `host_keys_script` printed."""
    keys = HostKeys.from_public_keys(_answer(host, output))
    if not keys.fingerprints:
        raise BootstrapError(
            f"{host}: the machine has no SSH host keys", remedy="Look at its serial log: does sshd run?"
        )
    return keys


def temporary_admin_script(name: str, public_key: str) -> str:
    """A script that makes a temporary administrator; running it again does no harm.

    The account has no password, everything by sudo, this one key, and an end. It must be named in the
    context's `accounts`, so that the gate proves it gone.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the name of an account: {name!r}")
    return sh_script(_TEMPORARY_ADMIN, name, public_key, str(EXPIRES_DAYS)).line


def parse_temporary_admin(host: str, name: str, output: str) -> None:
    """Make sure that `temporary_admin_script` came to its end."""
    if _answer(host, output) != [name]:
        raise BootstrapError(f"{host}: the temporary administrator {name} was not made")


def open_script(name: str, public_key: str) -> str:
    """Both scripts as one: each Run Command takes Azure half a minute or more, whatever it does."""
    return f"{temporary_admin_script(name, public_key)} && {host_keys_script()}"


def parse_open(host: str, name: str, output: str) -> HostKeys:
    """The host keys, from what `open_script` printed; BootstrapError unless the administrator was made."""
    made, end, keys = output.partition(_END)
    parse_temporary_admin(host, name, made + end)
    return parse_host_keys(host, keys)


def _answer(host: str, output: str) -> list[str]:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if _END not in lines:
        raise BootstrapError(
            f"{host}: the script did not come to its end: {output.strip()[-200:] or 'no output'}"
        )
    if _BEGIN not in lines:
        raise BootstrapError(f"{host}: the beginning of the script's output is cut off")
    return lines[lines.index(_BEGIN) + 1 : lines.index(_END)]
