"""Azurite, installed once by npm into a cache, pinned by the hashes of our lock file.

The local Azure does not install anything by itself: without Azurite everything but storage accounts works.
`python -m localazure install-storage` does it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

PINS = Path(__file__).parent / "azurite"
COMMAND = "python -m localazure install-storage"
_OLDEST_NODE = 20
_SECONDS = 600


class NotInstalledError(Exception):
    """Azurite cannot be had on this computer; why, and what to do about it."""


def place() -> Path:
    """Where this pinned set lives; another set lives elsewhere."""
    named = hashlib.sha256((PINS / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "golden-localazure" / f"azurite-{named}"


def program() -> Path:
    """Azurite's blob service; NotInstalledError where it is not."""
    found = place() / "node_modules/azurite/dist/src/blob/main.js"
    if not (place() / "complete").exists():
        raise NotInstalledError(f"storage accounts need Azurite, which is not installed: {COMMAND}")
    return found


def node() -> str:
    """The Node.js to run it with."""
    found = shutil.which("node")
    if found is None:
        raise NotInstalledError(
            f"storage accounts need Node.js {_OLDEST_NODE} or later: install node and npm"
        )
    version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=20, check=False)
    if int((version.stdout.strip().lstrip("v").split(".")[0]) or 0) < _OLDEST_NODE:
        raise NotInstalledError(
            f"storage accounts need Node.js {_OLDEST_NODE} or later; this is {version.stdout.strip()}"
        )
    return found


def install() -> Path:
    """Install it unless it is there; two that want it at once install it once. Returns the program."""
    node()
    if shutil.which("npm") is None:
        raise NotInstalledError("storage accounts need Azurite, and that needs npm: install npm")
    home = place()
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").exists():
            _install(home)
    return program()


def _install(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PINS / name, home / name)
    command = ["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        done = subprocess.run(
            command, cwd=home, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 1, "", f"not done within {_SECONDS} s")
    if done.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise NotInstalledError(f"Azurite could not be installed by npm: {last[0]}")
    (home / "complete").touch()
