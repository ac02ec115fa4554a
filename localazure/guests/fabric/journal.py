"""What a machine told its fabric, as files: the fabric writes them, any later process can read the report.

health.jsonl    one line a health report: time, boot, state, substatus, description, user agent
agent.json      the agent's last status blob: time, boot, blob
requests.jsonl  one line a request: time, service, method, target, status
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localazure.guests.base import AgentReport, ExtensionStatus

HEALTH = "health.jsonl"
AGENT = "agent.json"
REQUESTS = "requests.jsonl"


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file so that a reader sees the old text or the new, and a crash leaves one of them."""
    draft = path.with_name(f".{path.name}.{threading.get_ident()}")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


class Journal:
    """Writes; `boot` is which boot since power-on the machine is in, counted from 1."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.boot = 1
        self.computer_name = ""
        """As the agent last reported it."""
        self._lock = threading.Lock()

    def _append(self, name: str, record: dict[str, Any]) -> None:
        line = json.dumps({"time": round(time.time(), 3), "boot": self.boot, **record})
        with self._lock, (self.directory / name).open("a") as file:
            file.write(line + "\n")

    def request(self, service: str, method: str, target: str, status: int) -> None:
        """Record a request and its answer."""
        self._append(REQUESTS, {"service": service, "method": method, "target": target, "status": status})

    def health(self, state: str, substatus: str, description: str, agent: str) -> None:
        """Record a health report."""
        self._append(
            HEALTH, {"state": state, "substatus": substatus, "description": description, "agent": agent}
        )

    def status(self, blob: dict[str, Any]) -> None:
        """Keep the agent's status blob."""
        record = {"time": round(time.time(), 3), "boot": self.boot, "blob": blob}
        self.computer_name = str((blob.get("guestOSInfo") or {}).get("computerName") or "")
        with self._lock:
            write_atomically(self.directory / AGENT, json.dumps(record))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # the writer was killed in the middle of its last line
            return


def read_report(directory: Path, boot: int | None = None) -> AgentReport:
    """Read what the agent has said: about provisioning since power-on, of itself since this boot."""
    report: dict[str, Any] = _provisioning(directory)
    try:
        record = json.loads((directory / AGENT).read_text())
    except (OSError, ValueError):
        return AgentReport(**report)
    if boot is not None and record["boot"] != boot:
        return AgentReport(**report)
    return AgentReport(**report, agent_seen=record["time"], **_agent(record["blob"]))


def _provisioning(directory: Path) -> dict[str, Any]:
    state, detail = None, ""
    for record in _lines(directory / HEALTH):
        if record["state"] == "Ready":
            return {"provisioning": "Ready", "provisioning_detail": ""}
        state = "NotReady"
        detail = ": ".join(part for part in (record["substatus"], record["description"]) if part)
    return {"provisioning": state, "provisioning_detail": detail}


def _agent(blob: dict[str, Any]) -> dict[str, Any]:
    aggregate = blob.get("aggregateStatus") or {}
    agent = aggregate.get("guestAgentStatus") or {}
    system = blob.get("guestOSInfo") or {}
    handlers = aggregate.get("handlerAggregateStatus") or []
    extensions = [_extension(h) for h in handlers]
    return {
        "agent_version": agent.get("version"),
        "agent_status": "Ready" if agent.get("status") == "Ready" else "Not Ready",
        "os_name": system.get("osName"),
        "os_version": system.get("osVersion"),
        "computer_name": system.get("computerName"),
        "extensions": {e.name: e for e in extensions},
    }


def _text(document: dict[str, Any]) -> str:
    return str((document.get("formattedMessage") or {}).get("message") or "")


def _extension(handler: dict[str, Any]) -> ExtensionStatus:
    runtime = handler.get("runtimeSettingsStatus") or {}
    status = (runtime.get("settingsStatus") or {}).get("status") or {}
    message = _text(status)
    return ExtensionStatus(
        name=runtime.get("extensionName") or status.get("name") or handler["handlerName"],
        handler=handler["handlerName"],
        version=handler.get("handlerVersion"),
        handler_status=handler.get("status"),
        handler_message=_text(handler),
        sequence=runtime.get("sequenceNumber"),
        status=status.get("status"),
        code=status.get("code"),
        operation=status.get("operation"),
        message=message,
        **_run_command(message),
    )


def _run_command(message: str) -> dict[str, Any]:
    """A run command's handler reports its result as JSON in the message, as Azure's does."""
    try:
        result = json.loads(message)
    except ValueError:
        return {}
    if not isinstance(result, dict) or "executionState" not in result:
        return {}
    return {
        "execution_state": result["executionState"],
        "exit_code": result.get("exitCode"),
        "stdout": result.get("output", ""),
        "stderr": result.get("error", ""),
        "started": result.get("startTime"),
        "ended": result.get("endTime"),
    }
