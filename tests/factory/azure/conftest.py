import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken

from factory.azure.client import Azure
from factory.azure.connection import Connection
from tests.factory.azure.wire import SUBSCRIPTION, Wire, make_certificate


class JumpingClock:
    """Sleeps by moving its hands, and keeps what was slept."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)


class FixedCredential:
    """A token without asking anybody."""

    def __init__(self) -> None:
        self.scopes: list[str] = []
        self.closed = False

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.scopes += scopes
        return AccessToken("a-token", int(time.time()) + 3600)

    async def close(self) -> None:
        self.closed = True

    async def __aenter__(self) -> "FixedCredential":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def wire(certificate: tuple[Path, ssl.SSLContext]) -> AsyncIterator[Wire]:
    wire = Wire()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", wire.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate[1])
    await site.start()
    host, port = runner.addresses[0][:2]
    wire.url = f"https://{host}:{port}"
    yield wire
    await runner.cleanup()


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def credential() -> FixedCredential:
    return FixedCredential()


@pytest.fixture
def connection(wire: Wire, certificate: tuple[Path, ssl.SSLContext]) -> Connection:
    return Connection(SUBSCRIPTION, endpoint=wire.url, ca_bundle=certificate[0])


@pytest.fixture
async def azure(
    connection: Connection, credential: FixedCredential, clock: JumpingClock
) -> AsyncIterator[Azure]:
    async with Azure(connection, credential=credential, clock=clock, run_id="r-1") as azure:
        yield azure
