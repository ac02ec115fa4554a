"""The local Azure as a program beside the tests: started, found by its ready file, stopped."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
MEMORY_HOST = "tests.localazure.memory_host"


@contextmanager
def local_azure(
    folder: Path, guest: str = MEMORY_HOST, options: Sequence[str] = ()
) -> Iterator[Mapping[str, str]]:
    """Run one, and yield the environment that leads to it, as `golden local env` prints it."""
    state = folder / "state"
    state.mkdir(parents=True)
    command = [sys.executable, "-m", "localazure", "serve", "--state", str(state), "--scale", "0"]
    log = folder / "localazure.log"
    with log.open("ab") as out:
        process = subprocess.Popen([*command, "--guest", guest, *options], cwd=ROOT, stdout=out, stderr=out)
    try:
        yield _environment(_wait_ready(state / "server.json", process, log))
    finally:
        process.terminate()
        process.wait(30)


def _wait_ready(ready: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    began = time.monotonic()
    while not ready.exists():
        if process.poll() is not None or time.monotonic() - began > 30:
            raise AssertionError(f"the local Azure did not start: {log.read_text()}")
        time.sleep(0.02)
    facts: dict[str, Any] = json.loads(ready.read_text())
    return facts


def _environment(facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        "AZURE_SUBSCRIPTION_ID": facts["subscription"],
        "AZURE_TENANT_ID": facts["tenant"],
        "AZURE_CLIENT_ID": facts["client_id"],
        "AZURE_CLIENT_SECRET": Path(facts["client_secret_file"]).read_text().strip(),
        "AZURE_AUTHORITY_HOST": facts["endpoint"],
        "GOLDEN_ARM_ENDPOINT": facts["endpoint"],
        "GOLDEN_CA_BUNDLE": facts["ca"],
        "GOLDEN_INSTANCE_DISCOVERY": "false",
    }
