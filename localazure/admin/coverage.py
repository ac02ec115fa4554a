"""Which operations of Azure there are here, and what each rests on.

The operations are read off the router and off `operations.txt`, a list of what Azure's management libraries
call; what has no route, or a route that can only refuse, is found by looking and not listed by hand.
`proof.json` is evidence kept by tests: which operations recorded traffic of Azure was replayed against, and
which clients called them with success.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from localazure.arm.routing import Endpoint, Route, Router
from localazure.compute.transitions import ELSEWHERE, STATES, TABLE, Source, State

HERE = Path(__file__).parent
IMPLEMENTED, REFUSED, MISSING = "implemented", "refused", "501"

_COMPUTE = "/providers/Microsoft.Compute"
_MACHINE = _COMPUTE + "/virtualMachines/{name}"
_VERSION = _COMPUTE + "/galleries/{gallery}/images/{image}/versions/{version}"
_ROWS: dict[tuple[str, str], tuple[str, ...]] = {
    ("PATCH", _MACHINE): ("Update VM",),
    ("DELETE", _MACHINE): ("Delete VM",),
    ("PUT", _MACHINE + "/extensions/{extension}"): ("extension",),
    ("PATCH", _MACHINE + "/extensions/{extension}"): ("extension",),
    ("DELETE", _MACHINE + "/extensions/{extension}"): ("extension",),
    ("PUT", _COMPUTE + "/images/{name}"): ("createImage",),
    ("PUT", _VERSION): tuple(name for name in ELSEWHERE if name.startswith("version")),
    ("DELETE", _COMPUTE + "/disks/{name}"): ("disk delete",),
    ("POST", _COMPUTE + "/disks/{name}/beginGetAccess"): ("disk beginGetAccess",),
    ("PUT", _COMPUTE + "/snapshots/{name}"): ("snapshot",),
}
"""The rows of the transition table that are no action of the row's name."""

_CELLS: dict[str, dict[State, Source]] = {
    name: {state: cell.source for state, cell in row.items()} for name, row in TABLE.items()
} | ELSEWHERE
_LEAST_SURE: tuple[Source, ...] = ("assumed", "seen", "doc", "recorded")


def rows(router: Router) -> list[dict[str, Any]]:
    """Every operation: how it is answered, and by what that is proven."""
    evidence = proof()
    routed = [route for route in router.routes if not _ours(route)]
    found = [_row(route, evidence) for route in routed]
    for line in known():
        method, path = line.split()
        if router.match(method, path) is None:
            found.append(_entry(method, path, MISSING, {}, {}))
    return sorted(found, key=lambda row: (row["path"].lower(), row["method"]))


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The counts of a coverage table."""
    cells = Counter(source for row in _CELLS.values() for source in row.values())
    return {
        "operations": len(found),
        "answers": dict(Counter(row["answer"] for row in found)),
        "recorded": sum(row["recorded"] for row in found),
        "clients": dict(Counter(client for row in found for client in row["clients"])),
        "assumed": sum(bool(row["assumed"]) for row in found),
        "cells": dict(cells),
    }


def proof() -> dict[str, dict[str, Any]]:
    """Evidence by operation (`METHOD PATTERN`): `recorded`, and the `clients` that called it."""
    found: dict[str, dict[str, Any]] = json.loads((HERE / "proof.json").read_text(encoding="utf-8"))
    return found


def known() -> list[str]:
    """Operations of Azure, `METHOD PATH` each."""
    lines = (HERE / "operations.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def key(route: Route) -> str:
    """What an operation is called in `proof.json`."""
    return f"{route.method} {route.pattern}"


@cache
def answer(endpoint: Endpoint) -> str:
    """How an endpoint can answer: one without a `return` can only refuse, and its last line says how."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(endpoint))).body[0]
    if any(isinstance(node, ast.Return) for node in ast.walk(tree)):
        return IMPLEMENTED
    raised = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and node.exc is not None]
    return MISSING if any("not_implemented" in ast.dump(one) for one in raised) else REFUSED


def _ours(route: Route) -> bool:
    return route.pattern.startswith(("/_local/", "/_stub"))


def _row(route: Route, evidence: dict[str, dict[str, Any]]) -> dict[str, Any]:
    entry = evidence.get(key(route), {})
    return _entry(route.method, route.pattern, answer(route.endpoint), entry, _sources(route))


def _sources(route: Route) -> dict[str, str]:
    """By state of the machine concerned, how sure we are of the answer: the least sure of its rows."""
    tail = route.pattern[route.pattern.find("/providers/") :]
    names = _ROWS.get((route.method, tail), ())
    if route.method == "POST" and tail.startswith(_MACHINE + "/"):
        names = (tail.removeprefix(_MACHINE + "/"),)
    found = [_CELLS[name] for name in names if name in _CELLS]
    return {state: min((row[state] for row in found), key=_LEAST_SURE.index) for state in STATES if found}


def _entry(
    method: str, path: str, how: str, evidence: dict[str, Any], sources: dict[str, str]
) -> dict[str, Any]:
    return {
        "method": method,
        "path": path,
        "answer": how,
        "recorded": bool(evidence.get("recorded")),
        "clients": list(evidence.get("clients", [])),
        "sources": sources,
        "assumed": [state for state, source in sources.items() if source == "assumed"],
    }
