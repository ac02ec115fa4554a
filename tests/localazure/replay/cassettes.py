"""Cassettes: what was asked of the real Azure and what it answered, in VCR's YAML.

They lie beside the checkout, not in it; without them there is nothing to replay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[4] / "shared" / "recordings"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; names of headers are in lower case."""

    cassette: str
    number: int
    method: str
    url: str
    sent: Any
    status: int
    headers: dict[str, str]
    body: Any
    """Parsed JSON; None for an empty answer."""

    @property
    def name(self) -> str:
        """How a person finds it in the cassette."""
        return f"{self.cassette}[{self.number}]"


def names() -> list[str]:
    """The cassettes there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def read(name: str) -> list[Exchange]:
    """The exchanges of a cassette, in their order."""
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return [_exchange(name, number, one) for number, one in enumerate(document["interactions"])]


def _exchange(cassette: str, number: int, one: dict[str, Any]) -> Exchange:
    request, response = one["request"], one["response"]
    return Exchange(
        cassette=cassette,
        number=number,
        method=request["method"],
        url=request["uri"],
        sent=_json(request["body"]),
        status=response["status"]["code"],
        headers={name.lower(): values[0] for name, values in response["headers"].items()},
        body=_json(response["body"]["string"]),
    )


def _json(text: str | None) -> Any:
    return json.loads(text) if text else None
