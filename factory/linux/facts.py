"""What is known about a Linux guest: one probe script, one parser.

Facts are taken from the source before anything is changed and from the test machine afterwards; what the two
must not share is decided by comparing them. The probe reads only. It prints sections, each headed by a line
`@@ name`: one round trip is cheaper than thirty, and what it shows is of one moment.
"""

import re
import shlex
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from factory.guest.command import MINUTE, Command, sh_script
from factory.guest.guest import Guest, run_checked
from factory.remote.fingerprints import fingerprints

FIRST_HUMAN_UID = 1000
LAST_HUMAN_UID = 59999

DISKS_PROBE = r"""
for link in /dev/disk/azure/scsi1/lun* /dev/disk/azure/data/by-lun/*; do
    [ -b "$link" ] || continue
    device=$(readlink -f "$link")
    printf '%s|%s|%s|%s|%s\n' "${link##*/}" "$(blockdev --getsize64 "$device")" \
        "$(blkid -s TYPE -o value "$device")" "$(blkid -s UUID -o value "$device")" \
        "$(awk -v device="$device" '$1 == device { print $2; exit }' /proc/self/mounts)"
done
"""
"""Prints a line `lun|bytes|type|uuid|mount` for every data disk and each of its partitions."""

_PROBE = (
    r"""
section() { printf '\n@@ %s\n' "$1"; }
section os-release; cat /etc/os-release
section machine-id; cat /etc/machine-id
section host-keys; cat /etc/ssh/ssh_host_*_key.pub
section keygen-units
grep -lsrE '^Exec[A-Za-z]*=.*sshd?-keygen' /etc/systemd/system /usr/lib/systemd/system /lib/systemd/system
section passwd; cat /etc/passwd
section authorized-keys
while IFS=: read -r user _ _ _ _ home _; do
    for file in "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"; do
        [ -f "$file" ] && sed "s|^|$user |" "$file"
    done
done < /etc/passwd
section resolv-conf; readlink /etc/resolv.conf || { [ -f /etc/resolv.conf ] && echo file; }
section sudoers; grep -rhsE '^[^#@]' /etc/sudoers.d
section root; awk -F: '$1 == "root" { print substr($2, 1, 1) }' /etc/shadow
section hostname; cat /proc/sys/kernel/hostname
section kernel; uname -r
section boot-id; cat /proc/sys/kernel/random/boot_id
section time; date +%s
section init; [ -d /run/systemd/system ] && echo systemd
home_of() { $(sed -n '1s/^#! *//p' "$(command -v "$1")") -c "import $2; print($2.__path__[0])"; }
section agent-version
home=$(home_of waagent azurelinuxagent) &&
    sed -n "s/^AGENT_VERSION *= *['\"]\([^'\"]*\).*/WALinuxAgent-\1/p" "$home/common/version.py" | grep . ||
    waagent -version
section agent-conf; cat /etc/waagent.conf
section agent-admin
sed -n 's/.*<\([A-Za-z0-9]*:\)\{0,1\}UserName>\([^<]*\)<.*/\2/p' /var/lib/waagent/ovf-env.xml
section cloud-init
home=$(home_of cloud-init cloudinit) &&
    sed -n 's/^__VERSION__ *= *"\([^"]*\)".*/cloud-init \1/p' "$home/version.py" | grep . ||
    cloud-init --version 2>&1
section cloud-init-clean
[ -n "$home" ] && grep -oE '"--[a-z-]+"' "$home/cmd/clean.py" || cloud-init clean --help
section disks
"""
    + DISKS_PROBE
    + r"""
section files
for file; do sha256sum < "$file" || echo missing; done
section end
"""
)
"""The agent and cloud-init are read rather than run: either takes seconds to start on a small machine.

Whatever is not where it is in all versions that we know is asked of the program itself.
"""


class User(BaseModel):
    """A login account of a human, by the distributions' convention of user IDs."""

    model_config = ConfigDict(frozen=True)

    name: str
    uid: int
    home: str


class Filesystem(BaseModel):
    """A file system on a data disk: the whole disk's, or a partition's."""

    model_config = ConfigDict(frozen=True)

    type: str
    uuid: str
    mount: str | None = None


class DataDisk(BaseModel):
    """A data disk at its LUN, as the agent's udev rules show it."""

    model_config = ConfigDict(frozen=True)

    lun: int
    size_bytes: int
    filesystems: tuple[Filesystem, ...] = ()


class GuestFacts(BaseModel):
    """What a Linux guest is. Host keys are fingerprints (SHA256:…) by key type, files are SHA-256 by path."""

    model_config = ConfigDict(frozen=True)

    os_release: dict[str, str]
    machine_id: str
    hostname: str
    kernel: str
    boot_id: str
    time: int
    host_keys: dict[str, str] = {}
    keygen_units: tuple[str, ...] = ()
    """Files of systemd that make missing host keys."""
    resolv_conf: str | None = None
    """Where /etc/resolv.conf points, `file` where it is none of a link, None where it is missing."""
    users: tuple[User, ...] = ()
    sudoers: tuple[str, ...] = ()
    authorized_keys: dict[str, tuple[str, ...]] = {}
    """By user, the keys' own text (base64) without options and comments."""
    root_locked: bool = True
    systemd: bool = True
    agent_version: str | None = None
    agent_conf: dict[str, str] = {}
    agent_admin: str | None = None
    cloud_init: str | None = None
    cloud_init_clean_flags: tuple[str, ...] = ()
    data_disks: tuple[DataDisk, ...] = ()
    files: dict[str, str | None] = {}

    def agent_says(self, setting: str) -> bool:
        """Whether /etc/waagent.conf sets this to y."""
        return self.agent_conf.get(setting, "n").lower() in ("y", "yes", "true")

    @property
    def provisioned_by(self) -> str:
        """Who provisions at first boot: `cloud-init` or `waagent`, as the agent itself decides."""
        agent = self.agent_conf.get("Provisioning.Agent", "auto").lower()
        if agent == "auto":
            return "cloud-init" if self.cloud_init else "waagent"
        return agent

    @property
    def host_key_regenerator(self) -> str | None:
        """What makes new host keys at first boot, before sshd needs them.

        waagent alone does not count: it makes keys long after sshd has failed to start without any, and then
        only *try*-restarts it.
        """
        if self.provisioned_by == "cloud-init" and self.cloud_init:
            return "cloud-init"
        return self.keygen_units[0] if self.keygen_units else None


async def gather_facts(guest: Guest, files: Sequence[str] = ()) -> GuestFacts:
    """Ask a guest for its facts, and for the SHA-256 of these files."""
    output = await run_checked(guest, facts_probe(files))
    return parse_facts(output.stdout, files)


def facts_probe(files: Sequence[str] = ()) -> Command:
    """The probe; big files on data disks may take their time."""
    return sh_script(f"exec 2>/dev/null\n{_PROBE}", *files, timeout=10 * MINUTE)


def parse_facts(text: str, files: Sequence[str] = ()) -> GuestFacts:
    """Read what the probe printed; `files` are those that it was given, in that order."""
    sections = _sections(text)

    def first(name: str) -> str:
        return next((line.strip() for line in sections.get(name, []) if line.strip()), "")

    return GuestFacts(
        os_release=_assignments(sections.get("os-release", [])),
        machine_id=first("machine-id"),
        hostname=first("hostname"),
        kernel=first("kernel"),
        boot_id=first("boot-id"),
        time=int(first("time")) if first("time").isdecimal() else 0,
        host_keys=fingerprints(sections.get("host-keys", [])),
        keygen_units=tuple(line.strip() for line in sections.get("keygen-units", []) if line.strip()),
        authorized_keys=_authorized(sections.get("authorized-keys", [])),
        resolv_conf=first("resolv-conf") or None,
        users=_users(sections.get("passwd", [])),
        sudoers=_sudoers(sections.get("sudoers", [])),
        root_locked=first("root") in ("!", "*"),
        systemd=first("init") == "systemd",
        agent_version=_version(r"WALinuxAgent-(\S+)", sections.get("agent-version", [])),
        agent_conf=_settings(sections.get("agent-conf", [])),
        agent_admin=first("agent-admin") or None,
        cloud_init=_version(r"cloud-init (\S+)", sections.get("cloud-init", [])),
        cloud_init_clean_flags=_flags(sections.get("cloud-init-clean", [])),
        data_disks=parse_disks(sections.get("disks", [])),
        files=_hashes(files, sections.get("files", [])),
    )


def _sections(text: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("@@ "):
            lines = sections.setdefault(line.removeprefix("@@ "), [])
        else:
            lines.append(line)
    return sections


def _assignments(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name: _unquoted(value.strip()) for name, value in pairs}


def _unquoted(value: str) -> str:
    """A value as a shell reads it; as it stands where no shell could."""
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value


def _settings(lines: Sequence[str]) -> dict[str, str]:
    """The agent's own syntax: everything from a # on is a comment."""
    pairs = (line.split("#", 1)[0].split("=", 1) for line in lines)
    return {pair[0].strip(): pair[1].strip().strip('"') for pair in pairs if len(pair) == 2}


def _users(lines: Sequence[str]) -> tuple[User, ...]:
    entries = (line.split(":") for line in lines)
    return tuple(
        User(name=entry[0], uid=int(entry[2]), home=entry[5])
        for entry in entries
        if len(entry) >= 7 and entry[2].isdecimal() and FIRST_HUMAN_UID <= int(entry[2]) <= LAST_HUMAN_UID
    )


def _sudoers(lines: Sequence[str]) -> tuple[str, ...]:
    grants = (line.split() for line in lines)
    names = {words[0] for words in grants if len(words) > 1 and not words[0].startswith("Defaults")}
    return tuple(sorted(names))


def _authorized(lines: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Options may hold quoted blanks, so a key is found by how every key's text begins."""
    keys: dict[str, tuple[str, ...]] = {}
    for line in lines:
        user, _, rest = line.strip().partition(" ")
        found = re.search(r"(?:^|\s)(AAAA[A-Za-z0-9+/=]{20,})", rest)
        if found and not rest.startswith("#"):
            keys[user] = (*keys.get(user, ()), found.group(1))
    return keys


def _version(pattern: str, lines: Sequence[str]) -> str | None:
    found = re.search(pattern, "\n".join(lines))
    return found.group(1) if found and found.group(1)[0].isdigit() else None


def _flags(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))))


def parse_disks(lines: Sequence[str]) -> tuple[DataDisk, ...]:
    """Read what `DISKS_PROBE` printed; a disk that both of Azure's trees name is one disk."""
    sizes: dict[int, int] = {}
    filesystems: dict[int, list[Filesystem]] = {}
    for line in lines:
        found = re.match(r"(?:lun)?(\d+)(-part\d+)?\|(\d*)\|([^|]*)\|([^|]*)\|(.*)$", line)
        if not found:
            continue
        lun, part, size, kind, uuid, mount = found.groups()
        if part is None:
            sizes[int(lun)] = int(size or 0)
        if kind:
            entry = Filesystem(type=kind, uuid=uuid, mount=mount or None)
            if entry not in filesystems.setdefault(int(lun), []):
                filesystems[int(lun)].append(entry)
    return tuple(
        DataDisk(lun=lun, size_bytes=sizes[lun], filesystems=tuple(filesystems.get(lun, [])))
        for lun in sorted(sizes)
    )


def _hashes(files: Sequence[str], lines: Sequence[str]) -> dict[str, str | None]:
    words = [line.split()[0] for line in lines if line.strip()]
    answers = [None if word == "missing" else word for word in words]
    return dict(zip(files, answers, strict=False)) | dict.fromkeys(files[len(answers) :])
