"""A machine's files without a machine: real commands on a tree of our own, which they take for /etc, /var, …

Private namespaces put the tree's directories over the computer's own and hide its processes, services and
network, so that operations and probes run as they are, with their absolute paths, and touch nothing else.
Before the shell is handed over, each directory must show a mark that only the tree has: without it
nothing runs.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from factory.guest.command import Command, Output, sh
from factory.guest.units import Check, Operation
from factory.linux.context import Context
from tests.factory.guest.shell import LocalShell

COVERED = ("etc", "var", "home", "root", "tmp", "run", "mnt")
MARK = ".a-tree-of-the-tests"

_ENTER = f"""
set -eu
mount --bind "$1" /mnt
if [ -d /etc/alternatives ]; then  # where Debian's awk is
    mkdir /mnt/etc/alternatives
    mount --bind /etc/alternatives /mnt/etc/alternatives
fi
for name in {" ".join(COVERED)}; do
    mount --rbind "/mnt/$name" "/$name"
    test -e "/$name/{MARK}"
    rm "/$name/{MARK}"
done
exec /bin/sh
"""

PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
azureuser:x:1000:1000:Ubuntu:/home/azureuser:/bin/bash
keeper:x:1001:1001::/home/keeper:/bin/sh
"""
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIKuh+yMnew17WKeuLAAtVI+DBCkCh3GqqcLE1BlmKiTp"
OTHER_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIBE+IwakRRwfplLXrvKgXDnWlP2W1xwtbF513OPgcxqQ"

MACHINE: Mapping[str, str] = {
    "etc/passwd": PASSWD,
    "etc/group": "root:x:0:\nsudo:x:27:azureuser,keeper\nazureuser:x:1000:\nkeeper:x:1001:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\nazureuser:!:19000::::::\nkeeper:!:19000::::::\n",
    "etc/gshadow": "root:*::\nsudo:*::azureuser,keeper\nazureuser:!::\nkeeper:!::\n",
    "etc/login.defs": "UID_MIN 1000\nUSERGROUPS_ENAB yes\nMAIL_DIR /var/mail\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n",
    "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "var/lib/dbus/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/ssh/ssh_host_ed25519_key": "PRIVATE\n",
    "etc/ssh/ssh_host_ed25519_key.pub": f"ssh-ed25519 {OTHER_KEY} root@build01\n",
    "etc/ssh/sshd_config": "UsePAM yes\n",
    "etc/sudoers": "root ALL=(ALL:ALL) ALL\n",
    "etc/sudoers.d/README": "# nothing\n",
    "etc/sudoers.d/waagent": "azureuser ALL=(ALL) NOPASSWD: ALL\n",
    "etc/sudoers.d/90-cloud-init-users": "# User rules\nazureuser ALL=(ALL) ALL\nkeeper ALL=(ALL) ALL\n",
    "etc/resolv.conf": "nameserver 10.0.0.4\nsearch corp.example\n",
    "home/azureuser/.bash_history": "mysql -psecret\n",
    "home/azureuser/.ssh/authorized_keys": f"ssh-ed25519 {KEY} a\n",
    "home/keeper/.zsh_history": "secret\n",
    "home/keeper/work": "stays\n",
    "root/.bash_history": "secret\n",
    "root/.ssh/authorized_keys": f'command="echo no" ssh-ed25519 {KEY} a\nssh-ed25519 {OTHER_KEY} b\n',
    "var/lib/waagent/provisioned": "43789fbe\n",
    "var/lib/waagent/ovf-env.xml": "<a><ns1:UserName>azureuser</ns1:UserName></a>\n",
    "var/lib/cloud/instances/i/sem/x": "",
    "var/lib/dhcp/dhclient.eth0.leases": "lease {}\n",
    "var/lib/systemd/random-seed": "seed",
    "var/lib/systemd/coredump/core.x": "memory",
    "var/log/syslog": "old news\n",
    "var/log/syslog.1": "older news\n",
    "var/log/apt/history.log-20260101": "oldest news\n",
    "var/log/journal/0123456789abcdef0123456789abcdef/system.journal": "binary",
    "var/mail/azureuser": "mail",
    "var/tmp/x": "x",
    "tmp/y": "y",
}
"""A machine that was lived in. Paths without the leading slash."""


class Tree:
    """A tree of files, and a shell that takes it for the computer's own. Also a door, as of a guest."""

    name = "tree"

    def __init__(self, root: Path, shell: LocalShell) -> None:
        self.root = root
        self._shell = shell

    def __truediv__(self, path: str) -> Path:
        return self.root / path

    def do(self, *commands: Command) -> list[Output]:
        """Run commands and return what they left."""
        return [self._shell.run(command) for command in commands]

    def apply(self, operation: Operation, context: Context) -> list[Output]:
        """Run an operation and return what its commands left."""
        outputs = self.do(*operation(context))
        assert not [output for output in outputs if output.status == 127], "a program is missing"
        return outputs

    def probe(self, check: Check, context: Context) -> list[str]:
        """Run a check's probe, judge what it left, and return the findings."""
        return check(self._shell.run(check.command(context)), context)

    async def run(self, command: Command) -> Output:
        return self._shell.run(command)

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        (self.root / path.lstrip("/")).write_bytes(content)

    def left(self) -> set[str]:
        """All files that are there."""
        return {
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }


@contextmanager
def planted(root: Path, files: Mapping[str, str] = MACHINE) -> Iterator[Tree]:
    """Plant a tree and enter it."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for name in COVERED:
        (root / name).mkdir(exist_ok=True)
        (root / name / MARK).touch()
    become_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    apart = ["--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    enter = ["unshare", *become_root, *apart, "/bin/sh", "-c", _ENTER, "sh", str(root)]
    with LocalShell(enter) as shell:
        tree = Tree(root, shell)
        tree.do(sh("true"))  # it is in place once it answers
        yield tree
