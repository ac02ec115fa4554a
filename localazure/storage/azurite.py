"""Azurite as a process of the local Azure's: started when the first account is there, and ended with it.

It dies with us however we end: the kernel sends it SIGTERM (on SIGKILL it would lose what it was told in the
last seconds). One that outlived its server for a moment is ended before the next begins: there is never a
second on the same directory.

<state>/blobs/            its directory
<state>/blobs/accounts    names and keys, in its own notation; read anew whenever it changes
<state>/blobs/process.json who it is
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localazure.arm.errors import ArmError, not_implemented
from localazure.storage import install
from localazure.storage.install import NotInstalledError
from localazure.tls import write_secret

if TYPE_CHECKING:
    from localazure.arm.world import World

log = logging.getLogger("localazure.storage")

_START_SECONDS, _STOP_SECONDS = 30.0, 8.0
_PORT = "storage port"
_RESTARTS = 5


def _start_time(pid: int) -> int | None:
    """When a process started, in ticks since boot; None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


class Azurite:
    """The one of a server; `ensure` before every use."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._home = world.config.state / "blobs"
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    @property
    def port(self) -> int:
        """Its port, the same in every life of this state: clients keep URLs."""
        port: int = self._world.store.fact(_PORT, 0)
        if not port:
            port = _free_port()
            self._world.store.set_fact(_PORT, port)
        return port

    @property
    def endpoint(self) -> str:
        """Where accounts begin: `<endpoint>/<account>/<container>/<blob>`."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    def publish(self, accounts: dict[str, tuple[str, str]]) -> None:
        """Tell it the accounts and their two keys."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        lines = ";".join(f"{name}:{keys[0]}:{keys[1]}" for name, keys in sorted(accounts.items()))
        write_secret(self._home / "accounts", lines.encode())

    async def ensure_possible(self) -> None:
        """Refuse what needs Azurite where there is none, before anything is promised."""
        try:
            await asyncio.to_thread(self._command)
        except NotInstalledError as error:
            raise not_implemented(f"this here: {error}") from None

    async def ensure(self) -> None:
        """Start it unless it runs; an ArmError says why it cannot."""
        async with self._starting:
            if self.running:
                return
            try:
                command, environment = self._command()
            except NotInstalledError as error:
                raise not_implemented(f"this here: {error}") from None
            await self._end_predecessor()
            await self._start(command, environment)

    def _command(self) -> tuple[list[str], dict[str, str]]:
        program, state = install.program(), self._world.config.state
        command = ["setpriv", "--pdeathsig", "TERM", str(install.node())]
        command += ["--require", str(install.PINS / "accounts.js"), str(program)]
        command += ["--location", str(self._home), "--blobHost", "127.0.0.1", "--blobPort", str(self.port)]
        command += ["--cert", str(state / "server.pem"), "--key", str(state / "server.key")]
        command += ["--oauth", "basic", "--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LOCALAZURE_ACCOUNTS": str(self._home / "accounts"),
            "LOCALAZURE_AZURITE": str(program),
        }
        return [*command, "--disableProductStyleUrl"], environment

    async def _start(self, command: list[str], environment: dict[str, str]) -> None:
        with (self._home / "azurite.log").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=self._home,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = self._process
        facts = {"pid": process.pid, "started": _start_time(process.pid)}
        (self._home / "process.json").write_text(json.dumps(facts))
        until = time.monotonic() + _START_SECONDS
        while not await _answers(self.port):
            if process.returncode is not None or time.monotonic() > until:
                await self.stop()
                raise ArmError(
                    500, "InternalServerError", f"Azurite did not start; see {self._home / 'azurite.log'}."
                )
            await asyncio.sleep(0.05)
        self._world.spawn(self._watch(process), "azurite")

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Start it again when it ends by itself; end it when the server does."""
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await self.stop()
            raise
        log.error("Azurite ended with status %s; it is started again", status)
        for attempt in range(_RESTARTS):
            try:
                return await self.ensure()
            except ArmError as error:
                log.error("Azurite: %s (attempt %d)", error.message, attempt + 1)
                await asyncio.sleep(1.0)
        return None

    async def stop(self) -> None:
        """End it; what it was told is on disk then."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _end_predecessor(self) -> None:
        """A process of an earlier life, which had its SIGTERM already: wait for it, then kill it."""
        with contextlib.suppress(OSError, ValueError):
            facts = json.loads((self._home / "process.json").read_text())
            until = time.monotonic() + _STOP_SECONDS
            while facts["started"] and _start_time(facts["pid"]) == facts["started"]:
                if time.monotonic() > until:  # a second SIGTERM would keep it from saving what it was told
                    os.kill(facts["pid"], signal.SIGKILL)
                await asyncio.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
