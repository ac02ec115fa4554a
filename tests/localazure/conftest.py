"""A local Azure as a process of its own, and real SDK clients against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from azure.identity import ClientSecretCredential
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient

START_DEADLINE = 30.0


@dataclass
class LocalCloud:
    """One server process on one state directory; it can be killed and started again."""

    state: Path
    guest: str = "none"
    options: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    _token: str = ""

    def start(self) -> LocalCloud:
        ready = self.state / "server.json"
        ready.unlink(missing_ok=True)
        command = [sys.executable, "-m", "localazure", "serve", "--state", str(self.state)]
        command += [
            "--guest",
            self.guest,
            *(self.options if "--scale" in self.options else ("--scale", "0", *self.options)),
        ]
        log = (self.state.parent / f"{self.state.name}.log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=Path(__file__).parents[2])
        began = time.monotonic()
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() - began > START_DEADLINE:
                raise AssertionError(f"the local Azure did not start: {Path(log.name).read_text()}")
            time.sleep(0.02)
        self.facts, self._token = json.loads(ready.read_text()), ""
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        return self.process.wait(30)

    @property
    def endpoint(self) -> str:
        return str(self.facts["endpoint"])

    @property
    def subscription(self) -> str:
        return str(self.facts["subscription"])

    @property
    def ca(self) -> str:
        return str(self.facts["ca"])

    @property
    def secret(self) -> str:
        return Path(self.facts["client_secret_file"]).read_text()

    def credential(self) -> ClientSecretCredential:
        return ClientSecretCredential(
            self.facts["tenant"],
            self.facts["client_id"],
            self.secret,
            authority=self.endpoint,
            disable_instance_discovery=True,
            connection_verify=self.ca,
        )

    def client_options(self) -> dict[str, Any]:
        return {
            "base_url": self.endpoint,
            "credential_scopes": [f"{self.endpoint}/.default"],
            "connection_verify": self.ca,
            "retry_total": 0,
        }

    def token(self) -> str:
        """One token for all raw requests of this server."""
        if not self._token:
            with self.credential() as credential:
                self._token = credential.get_token(f"{self.endpoint}/.default").token
        return self._token


@dataclass
class Wire:
    """Raw requests: what no SDK sends, and what an SDK hides."""

    cloud: LocalCloud
    session: requests.Session
    api_version: str = "2026-03-01"

    def __call__(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        url = path if path.startswith("https:") else self.cloud.endpoint + path
        if "api-version=" not in url:
            query.setdefault("api-version", self.api_version)
        return self.session.request(method, url, json=body, params=query, timeout=30)

    def finish(self, response: requests.Response, deadline: float = 30.0) -> dict[str, Any]:
        """Poll an operation to its end; its last status."""
        began = time.monotonic()
        while True:
            status: dict[str, Any] = self("GET", response.headers["Azure-AsyncOperation"]).json()
            if status["status"] not in ("InProgress", "Running"):
                return status
            assert time.monotonic() - began < deadline, status
            time.sleep(0.02)


def wire_to(cloud: LocalCloud) -> Wire:
    session = requests.Session()
    session.verify = cloud.ca
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {cloud.token()}"
    return Wire(cloud, session)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A server for all tests that only need one; take groups of your own."""
    running = LocalCloud(tmp_path_factory.mktemp("cloud") / "state").start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    """A server of the test's own, not started: for those that kill it or need options."""
    mine = LocalCloud(tmp_path / "state")
    yield mine
    if mine.process is not None:
        mine.stop()


@pytest.fixture
def wire(cloud: LocalCloud) -> Iterator[Wire]:
    found = wire_to(cloud)
    with found.session:
        yield found


@pytest.fixture
def resources(cloud: LocalCloud) -> Iterator[ResourceManagementClient]:
    with (
        cloud.credential() as credential,
        ResourceManagementClient(credential, cloud.subscription, **cloud.client_options()) as client,
    ):
        yield client


@pytest.fixture
def network(cloud: LocalCloud) -> Iterator[NetworkManagementClient]:
    with (
        cloud.credential() as credential,
        NetworkManagementClient(credential, cloud.subscription, **cloud.client_options()) as client,
    ):
        yield client


@pytest.fixture
def group(wire: Wire) -> Iterator[str]:
    """The path of a new resource group; gone afterwards."""
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/g-{uuid4().hex[:8]}"
    assert wire("PUT", path, {"location": "westeurope"}).status_code == 201
    yield path
    wire("DELETE", path)
