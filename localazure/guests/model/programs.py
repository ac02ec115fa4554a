"""Which programs of this computer a model machine has, beside those of its own: what Debian calls essential.

A program that is not here is not found in a machine, whatever else this computer has installed.
"""

_SHELLS = "sh dash bash"
_COREUTILS = """
[ arch b2sum base32 base64 basename basenc cat chgrp chmod chown cksum comm cp csplit cut date dd df
dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid install join
link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk
pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum
sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr
true truncate tsort tty uname unexpand uniq unlink users vdir wc who yes
"""
_TEXT = "grep egrep fgrep sed awk mawk find xargs cmp diff tar gzip gunzip zcat"
_SYSTEM = "getent hostname mountpoint flock setsid getopt kill ps pgrep pkill free uptime umount ssh-keygen"
_ACCOUNTS = "useradd userdel usermod groupadd groupdel groupmod chage gpasswd"

PROGRAMS = tuple(" ".join((_SHELLS, _COREUTILS, _TEXT, _SYSTEM, _ACCOUNTS)).split())

_NEEDED = """
sh awk sed grep find cat cp cut date getent hostname ln mkdir mkfifo mv readlink rm sha256sum sort ssh-keygen
sync tr truncate useradd userdel usermod groupdel mount umount mountpoint
"""
REQUIRED = frozenset(_NEEDED.split())
"""Without these a machine cannot do what it is for."""

PACKAGES = {
    "awk": "mawk",
    "sed": "sed",
    "grep": "grep",
    "find": "findutils",
    "getent": "libc-bin",
    "hostname": "hostname",
    "ssh-keygen": "openssh-client",
    **dict.fromkeys(("useradd", "userdel", "usermod", "groupdel"), "passwd"),
    **dict.fromkeys(("mount", "umount"), "mount"),
    "mountpoint": "util-linux",
    "sh": "dash",
}
"""Debian's packages of those that are not coreutils."""

BEHIND = {"mount": "usr/lib/model/real/mount", "id": "usr/lib/model/real/id"}
"""Programs that a model of the same name calls."""
