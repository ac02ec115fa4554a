"""Each kind of credential outlives its token: the same client goes on when the first one has expired."""

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from factory.azure import groups
from factory.azure.client import Azure
from factory.azure.connection import Connection
from tests.cloud import environment
from tests.factory.azure.local_cloud import local_azure

TOKEN_SECONDS = 2


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A local Azure whose tokens live for two seconds."""
    folder = tmp_path_factory.mktemp("short")
    with local_azure(folder, options=("--token-seconds", str(TOKEN_SECONDS))) as env:
        yield folder / "state", env


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"AZURE_CLIENT_SECRET": "", "AZURE_CLIENT_CERTIFICATE_PATH": "client-certificate.pem"},
        {"AZURE_CLIENT_SECRET": "", "AZURE_FEDERATED_TOKEN_FILE": "federated-token"},
    ],
    ids=["secret", "certificate", "workload identity"],
)
async def test_a_run_goes_on_when_its_token_expires(
    short_lived: tuple[Path, Mapping[str, str]], proof: Mapping[str, str]
) -> None:
    state, env = short_lived
    chosen = {name: str(state / value) if value else "" for name, value in proof.items()}
    log = state / "requests.jsonl"
    before = tokens_in(log)
    with environment({**env, **chosen}):
        async with Azure(Connection.from_environment(os.environ)) as azure:
            await groups.get_group(azure, "nothing")
            await asyncio.sleep(TOKEN_SECONDS + 0.5)  # no event tells that a token has expired
            await groups.get_group(azure, "nothing")
    assert tokens_in(log) - before >= 2
    assert "ExpiredAuthenticationToken" not in log.read_text()


def tokens_in(log: Path) -> int:
    """How many tokens were given out."""
    calls = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return len(
        [call for call in calls if call["path"].endswith("/oauth2/v2.0/token") and call["status"] == 200]
    )
