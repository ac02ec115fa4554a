"""Collects evidence for the coverage table from request logs of the local Azure.

`python -m tests.localazure.proof LOG…` adds the clients seen in the logs to `localazure/admin/proof.json`. A
client has proven an operation when it called it and was not refused. Evidence is only ever added: remove
the file's members when an operation's behaviour changes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from localazure.admin import coverage
from localazure.arm.routing import Router
from localazure.discovery import load_services

CLIENTS = (  # first match wins: the factory and the command line are built on the SDK themselves
    ("golden-image-factory/", "factory"),
    ("AZURECLI/", "azure-cli"),
    ("azsdk-python-", "sdk"),
)
"""How a client's user agent begins or what it holds, and what it is called in the table."""


def client_of(user_agent: str | None) -> str | None:
    """Who sent a request; None for raw requests of tests and for unknown programs."""
    text = user_agent or ""
    return next((name for sign, name in CLIENTS if sign in text), None)


def evidence(lines: list[dict[str, Any]], router: Router) -> set[tuple[str, str]]:
    """Operation and client of every logged request that was not refused."""
    found = set()
    for line in lines:
        client = client_of(line.get("user_agent"))
        match = router.match(line["method"], line["path"]) if client and line["status"] < 400 else None
        if client and match:
            found.add((coverage.key(match.route), client))
    return found


def main(paths: list[str]) -> None:
    """Add what these logs prove."""
    load_services()
    router, known = Router(), coverage.proof()
    for path in paths:
        lines = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line]
        for operation, client in evidence(lines, router):
            entry = known.setdefault(operation, {})
            entry["clients"] = sorted({*entry.get("clients", []), client})
    write(known)


def write(known: dict[str, dict[str, Any]]) -> None:
    """Write the evidence, one operation a line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(known[name], sort_keys=True)}" for name in sorted(known)]
    (coverage.HERE / "proof.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
