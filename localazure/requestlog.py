"""The request log: one JSON object a line, for tests, benchmarks and people. No bodies, no secrets."""

from __future__ import annotations

import json
import os
from collections import deque
from pathlib import Path
from typing import Any

from starlette.responses import Response

from localazure.arm.calls import Call
from localazure.arm.clock import stamp
from localazure.arm.routing import Match
from localazure.faults.operations import operation_of


class RequestLog:
    """`requests.jsonl` of a state directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a", buffering=1, encoding="utf-8")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def write(
        self, call: Call, match: Match | None, response: Response, code: str | None, seconds: float
    ) -> None:
        """Log one request; `code` is the error's code.

        `operation` is `service:function`; `call` is its name among the Resource Manager's operations, as
        faults know it, and None for what is not the Resource Manager's.
        """
        ours = call.api_version != ""
        line = {
            "time": stamp(call.world.clock.now()),
            "method": call.method,
            "path": call.url_path,
            "api_version": call.query.get("api-version"),
            "status": response.status_code,
            "code": code,
            "seconds": round(seconds, 4),
            "operation": match.route.label if match else None,
            "call": operation_of(call.method, call.url_path, match) if ours else None,
            "faults": [fault.kind for fault in call.faults],
            "client_request_id": call.headers.get("x-ms-client-request-id"),
            "request_id": response.headers.get("x-ms-request-id"),
            "user_agent": call.headers.get("user-agent"),
        }
        self._file.write(json.dumps(line) + "\n")


def read_last(path: Path, count: int) -> list[dict[str, Any]]:
    """The last lines of a request log; a line that is still being written is left out."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in deque(lines, maxlen=count) if line.endswith("\n")]
