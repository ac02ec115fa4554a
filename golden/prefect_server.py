"""A Prefect server of the demo's own, started early so that nobody waits for it, with the UI to look at."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden.console import Trouble

START_DEADLINE = 120.0
STOP_DEADLINE = 15.0


class PrefectServer:
    """A server process; `url` is where its UI is, `api` what clients are told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = f"{self.url}/api"
        home.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
        self._log = (home / "server.log").open("ab")
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={**os.environ, **self._settings()},
            start_new_session=True,
        )

    def _settings(self) -> dict[str, str]:
        return {
            "PREFECT_HOME": str(self.home),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_API_URL": self.api,
        }

    @property
    def pid(self) -> int:
        """Its process, and the group of all that it started."""
        return self._process.pid

    def wait_until_healthy(self) -> None:
        """Return once it answers; Trouble when it ends or takes too long."""
        deadline = time.monotonic() + START_DEADLINE
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Trouble("the Prefect server did not start", remedy=f"read {self.home / 'server.log'}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it and everything that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(STOP_DEADLINE)
                break
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._log.close()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.api}/health", timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def prefect_server(home: Path, *, keep: bool) -> Iterator[PrefectServer]:
    """A server for as long as the context lasts, or longer if it is to be kept."""
    server = PrefectServer(home)
    try:
        yield server
    finally:
        if not keep:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
