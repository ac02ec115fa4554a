"""The server process: one state directory, two loopback ports, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import uvicorn

from localazure.app import Application
from localazure.arm.clock import Clock
from localazure.arm.limits import Limits
from localazure.arm.routing import Router
from localazure.arm.store import Store
from localazure.arm.timing import TimeProfile
from localazure.arm.world import Config, World
from localazure.discovery import load_services
from localazure.guests.base import GuestError, Host, Paced
from localazure.hosts import open_host
from localazure.identity.models import Authority, ensure_seed
from localazure.requestlog import RequestLog
from localazure.tls import ensure_certificates, write_secret

log = logging.getLogger("localazure")

_IN_USE, _LACKING = 75, 69  # sysexits: try again later; service unavailable


@dataclass(frozen=True)
class Settings:
    """What the command line asked for."""

    state: Path
    port: int = 0
    metadata_port: int = 0
    scale: float = 1.0
    guest: str = "namespace"
    token_seconds: int = 3600
    keep_machines: bool = False


class StateInUseError(Exception):
    """Another server works on this state directory."""


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Hold the state directory; the lock goes with the process, however it ends."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (state / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise StateInUseError(
            f"another local Azure (process {file.read().strip() or 'unknown'}) already serves {state}"
        ) from None
    with file:
        _rewrite(file, str(os.getpid()))
        yield


def _rewrite(file: TextIO, text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _progress(what: str, done: float) -> None:
    """One line of JSON for whoever started us; people see it as text all the same."""
    sys.stderr.write(json.dumps({"progress": what, "done": round(done, 3)}) + "\n")
    sys.stderr.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"localazure: {text}\n")
    sys.stderr.flush()


async def prepare(state: Path, guest: str) -> int:
    """Build what the machines boot from."""
    return await _prepared(open_host(guest, state))


async def _prepared(host: Host) -> int:
    """Say what is lacking, or make the host ready; 0 when it is."""
    lacking = host.missing()
    if not lacking:
        try:
            await host.prepare(_progress)
        except GuestError as error:
            lacking = [str(error)]
    for line in lacking:
        _say(line)
    return _LACKING if lacking else 0


async def serve(settings: Settings) -> int:
    """Run until a signal or the admin surface says stop. Returns the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        with _locked(settings.state):
            return await _serve_locked(settings)
    except StateInUseError as error:
        _say(str(error))
        return _IN_USE


def _listen(port: int, remembered: int) -> socket.socket:
    """A loopback socket on the wanted port; without a wish on the last one if it is free, else on any."""
    for candidate in (port,) if port else (remembered, 0):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", candidate))
        except OSError:
            listener.close()
            continue
        return listener
    raise StateInUseError(f"port {port} of 127.0.0.1 is taken by another program")


class _Server(uvicorn.Server):
    """Signals are ours: there are two servers in one process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _uvicorn(app: Application, certificate: Path | None, key: Path | None) -> _Server:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # ours is by the world's clock
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_graceful_shutdown=1,  # idle clients over TLS do not answer the goodbye; requests are short
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    return _Server(config)


async def _serve_locked(settings: Settings) -> int:
    state = settings.state
    host = open_host(settings.guest, state)
    if isinstance(host, Paced):
        host.pace(settings.scale)
    if (refused := await _prepared(host)) != 0:
        return refused
    ca, certificate, key = ensure_certificates(state)
    store = Store(state / "state.db")
    seed = ensure_seed(store, state)
    ports = store.fact("ports", {"https": 0, "metadata": 0})
    https = _listen(settings.port, ports["https"])
    metadata = _listen(settings.metadata_port, ports["metadata"])
    ports = {"https": https.getsockname()[1], "metadata": metadata.getsockname()[1]}
    store.set_fact("ports", ports)
    load_services()
    config = Config(
        state=state,
        endpoint=f"https://127.0.0.1:{ports['https']}",
        tenant=seed.tenant,
        subscription=seed.subscription,
        client_id=seed.client_id,
        partition=seed.partition,
        token_seconds=settings.token_seconds,
        guest=settings.guest,
    )
    world = World(config, store, TimeProfile(settings.scale), Clock(), host)
    requests, router, limits = RequestLog(state / "requests.jsonl"), Router(), Limits()
    servers = [
        (_uvicorn(Application(world, requests, router, limits), certificate, key), https),
        (_uvicorn(Application(world, requests, router, limits, plain=True), None, None), metadata),
    ]
    host.adopt()
    await world.begin()
    ready = state / "server.json"
    try:
        await _run_until_stopped(world, servers, ready, _facts(world, ca, ports))
    finally:
        ready.unlink(missing_ok=True)
        await world.end()
        if not (settings.keep_machines or world.keep_machines):
            await host.shutdown()
        requests.close()
        store.close()
    return 0


async def _run_until_stopped(
    world: World,
    servers: list[tuple[_Server, socket.socket]],
    ready: Path,
    facts: dict[str, object],
) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, world.stopping.set)
    tasks = [loop.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    try:
        while not all(server.started for server, _ in servers):
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)
        write_secret(ready, json.dumps(facts, indent=2).encode())
        _say(f"listening on {world.config.endpoint}")
        await world.stopping.wait()
    finally:
        for server, _ in servers:
            server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


def _facts(world: World, ca: Path, ports: dict[str, int]) -> dict[str, object]:
    """What a client needs to know, as the ready file tells it."""
    config, identity = world.config, world.part(Authority).seed.identity_client_id
    metadata = f"http://127.0.0.1:{ports['metadata']}"
    return {
        "pid": os.getpid(),
        "endpoint": config.endpoint,
        "ca": str(ca),
        "tenant": config.tenant,
        "subscription": config.subscription,
        "client_id": config.client_id,
        "client_secret_file": str(config.state / "client-secret"),
        "identity_client_id": identity,
        "identity_endpoint": f"{metadata}/msi/token",
        "identity_header_file": str(config.state / "identity-header"),
        "metadata": metadata,
        "ports": ports,
        "guest": world.guests.name,
        "proof": world.guests.proof,
        "scale": world.time.scale,
    }
