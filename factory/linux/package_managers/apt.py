"""apt and dpkg: Debian, Ubuntu and what is made of them.

Nothing here ever asks: configuration files that were changed by hand are kept, services are restarted
without a menu. Another apt may run at any time (unattended-upgrades starts at boot), so the lock is
waited for, with a bound; apt has known DPkg::Lock::Timeout since 1.9.11.
"""

from factory.guest.command import MINUTE, Command, sh, sh_script
from factory.linux.distro import PackageManager

LOCK_SECONDS = 300

_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")


def apt_get(*words: str, minutes: float = 10) -> Command:
    """An apt-get that neither asks nor waits for ever."""
    return sh(
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "NEEDRESTART_MODE=a",
        "UCF_FORCE_CONFFOLD=1",
        "apt-get",
        "--assume-yes",
        "--option=Dpkg::Options::=--force-confdef",
        "--option=Dpkg::Options::=--force-confold",
        f"--option=DPkg::Lock::Timeout={LOCK_SECONDS}",
        *words,
        timeout=minutes * MINUTE,
    )


_PENDING = """
dpkg --audit
for lock; do
    inode=$(stat -c %i "$lock" 2>/dev/null) || continue
    awk -v lock="$lock" -v inode="$inode" 'split($6, part, ":") == 3 && part[3] == inode {
        print lock " is held by process " $5
    }' /proc/locks
done
"""

APT = PackageManager(
    name="apt",
    upgrade=(apt_get("update"), apt_get("--with-new-pkgs", "upgrade", minutes=60)),
    clean=(apt_get("clean"), sh("find", "/var/lib/apt/lists", "-mindepth", "1", "-delete")),
    pending=sh_script(_PENDING, *_LOCKS),
    caches=("/var/cache/apt", "/var/lib/apt/lists"),
)
