"""Azure's command line: installed once into a cache of its own, run as a user would, no part of `.venv`."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from golden.local_azure import find
from tests.localazure.conftest import LocalCloud

REQUIREMENTS = Path(__file__).parents[3] / "requirements" / "azcli.txt"
INSTALL_SECONDS = 600
COMMAND_SECONDS = 120


class NotInstallableError(Exception):
    """The command line cannot be had on this computer; why."""


def cache() -> Path:
    """Where this pinned set lives; another set, or another Python, lives elsewhere."""
    named = REQUIREMENTS.read_bytes() + sys.version.encode()
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "golden-localazure" / f"azcli-{hashlib.sha256(named).hexdigest()[:16]}"


def install(say: Callable[[str], None]) -> Path:
    """The Python that has the command line; NotInstallableError where that cannot be."""
    place = cache()
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "complete").exists():
            _install(place, say)
    return place / "bin" / "python"


def _install(place: Path, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    say(f"installing azure-cli, pinned by {REQUIREMENTS.name}, into {place}: once, about 400 MB")
    shutil.rmtree(place, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(place)], place)
    python = str(place / "bin" / "python")
    if shutil.which("uv"):
        command = ["uv", "pip", "install", "--quiet", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*command, "--require-hashes", "-r", str(REQUIREMENTS)], place)
    _run([python, "-m", "compileall", "-q", "-j", "0", str(place / "lib")], place, checked=False)
    (place / "complete").touch()
    say(f"azure-cli is installed ({time.monotonic() - began:.0f} s)")


def _run(command: list[str], place: Path, *, checked: bool = True) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        done = subprocess.CompletedProcess(command, 1, "", f"not done within {INSTALL_SECONDS} s")
    if checked and done.returncode != 0:
        shutil.rmtree(place, ignore_errors=True)
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise NotInstallableError(f"azure-cli cannot be installed here: {last[0]}")


@dataclass
class Az:
    """The command line with a configuration of its own, and what it was told."""

    python: Path
    home: Path
    cloud: LocalCloud
    said: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> Any:
        """Run a command that must succeed; its answer."""
        status, out, err = self.run(*words)
        assert status == 0, f"az {' '.join(words)}: {err}"
        return json.loads(out) if out.strip() else None

    def refused(self, *words: str) -> str:
        """Run a command that must fail; what it tells its user."""
        status, out, err = self.run(*words)
        assert status != 0, f"az {' '.join(words)} succeeded: {out}"
        return err

    def run(self, *words: str) -> tuple[int, str, str]:
        began = time.monotonic()
        done = subprocess.run(
            [str(self.python), "-m", "azure.cli", *words, "--output", "json"],
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        self.said.append(
            f"{time.monotonic() - began:5.1f} s  exit {done.returncode}  az {' '.join(words[:3])}"
        )
        return done.returncode, done.stdout, done.stderr

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "AZURE_CONFIG_DIR": str(self.cloud.state / "azure-cli"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_NO_COLOR": "true",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "REQUESTS_CA_BUNDLE": self.cloud.ca,
        }

    def register(self) -> None:
        """Make the local Azure a cloud of this command line and log in, as its users are told to."""
        running = find(self.cloud.state)
        assert running is not None
        began = time.monotonic()
        subprocess.run(
            ["bash", "-e", "-c", running.az_commands()],
            env=self._environment(),
            check=True,
            timeout=4 * COMMAND_SECONDS,
        )
        self.said.append(f"{time.monotonic() - began:5.1f} s  golden local env --az")
