"""The calls of the Resource Manager, read off the request log: what happened at which instant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localazure.arm.world import World

_FROM = "faults: calls are counted from this byte of the request log"


def reset(world: World) -> None:
    """Count from here on; the log itself stays as it is."""
    world.store.set_fact(_FROM, _log(world).stat().st_size)


def calls(world: World) -> list[dict[str, Any]]:
    """Every call since the last reset: its index from 1 among all, and among those of its operation."""
    with _log(world).open("rb") as log:
        log.seek(world.store.fact(_FROM, 0))
        lines = [json.loads(line) for line in log if line.endswith(b"\n")]
    found: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for line in lines:
        operation = line.get("call")
        if operation is None:  # tokens, metadata, our own surface
            continue
        counts[operation] = counts.get(operation, 0) + 1
        found.append(
            {
                "index": len(found) + 1,
                "call": operation,
                "occurrence": counts[operation],
                "path": line["path"],
                "status": line["status"],
                "faults": line.get("faults", []),
            }
        )
    return found


def _log(world: World) -> Path:
    return world.config.state / "requests.jsonl"
