"""What the suite must leave as it was: a real waagent, userdel and systemd ran beside this as root.

`python -m tests.host_state save FILE` before, `python -m tests.host_state compare FILE` after.
"""

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILES = (
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/sudoers",
    "/etc/machine-id",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/waagent.conf",
)
FOLDERS = ("/etc/ssh", "/etc/sudoers.d", "/root/.ssh", "/var/lib/waagent", "/var/lib/dhcp")
SETTINGS = (
    "kernel/hostname",
    "kernel/pid_max",
    "fs/file-max",
    "kernel/sysrq",
    "vm/swappiness",
    "kernel/core_pattern",
)
OURS = ("localazure", "qemu-system-x86_64", "waagent", "prefect", "golden", "mmdebstrap")
SETTLE_SECONDS = 15.0


def look() -> dict[str, object]:
    """The host's own identity, and everything of ours that runs, is mounted or is attached."""
    return {
        "files": {str(path): _digest(path) for path in _files()},
        "settings": {name: _read(Path("/proc/sys") / name) for name in SETTINGS},
        "firewall": _firewall(),
        "processes": sorted(_processes()),
        "mounts": sorted(_mounts()),
        "loops": sorted(_loops()),
        "cgroups": sorted(str(path) for path in Path("/sys/fs/cgroup").rglob("*golden*") if path.is_dir()),
        "namespaces": _run("ip", "netns", "list"),
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """One line for each thing that is not as it was; a process that others ended meanwhile is not ours."""
    found = [
        f"{name}: was {before[name]!r}, is {after[name]!r}"
        for name in before
        if name != "processes" and before[name] != after[name]
    ]
    left = Counter(after["processes"]) - Counter(before["processes"])
    return [*found, *(f"processes: left over is {line}" for line in left.elements())]


def _files() -> Iterable[Path]:
    yield from (Path(name) for name in FILES)
    for folder in FOLDERS:
        yield from (path for path in sorted(Path(folder).rglob("*")) if path.is_file())


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None


def _processes() -> Iterable[str]:
    for folder in Path("/proc").iterdir():
        line = (_read(folder / "cmdline") or "").replace("\0", " ").strip() if folder.name.isdigit() else ""
        words = line.split()
        if "tests.host_state" not in words and any(_is_ours(word) for word in words[:4]):
            yield line


def _is_ours(word: str) -> bool:
    return Path(word).name.split(".")[0] in OURS


def _mounts() -> Iterable[str]:
    for line in (_read(Path("/proc/self/mounts")) or "").splitlines():
        kind = line.split()[2]
        if kind == "overlay" or "golden" in line:
            yield line


def _loops() -> Iterable[str]:
    for path in Path("/sys/block").glob("loop*/loop/backing_file"):
        yield _read(path) or ""


def _firewall() -> list[str]:
    return [_run("iptables-save"), _run("nft", "list", "ruleset")]


def _run(*words: str) -> str:
    try:
        text = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False).stdout
    except OSError:
        return "(no such program)"
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def main() -> int:
    action, file = sys.argv[1], Path(sys.argv[2])
    if action == "save":
        file.write_text(json.dumps(look()))
        return 0
    before = json.loads(file.read_text())
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = differences(before, json.loads(json.dumps(look())))
        if not found or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    for line in found:
        print(f"host: {line}")
    print("host: as it was" if not found else "host: NOT as it was")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
