"""Sends what was recorded to a running local Azure, with its own names and addresses put in."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.localazure.conftest import Wire
from tests.localazure.replay.cassettes import Exchange
from tests.localazure.replay.comparing import Answer

RECORDED_ENDPOINT = "https://management.azure.com"
RECORDED_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
RECORDED_GROUP = "rgname"
_OPERATION = re.compile(r"/\w*operations/([0-9a-f-]{36})", re.IGNORECASE)
_DEADLINE = 30.0


@dataclass
class Replay:
    """One cassette against one server: a group of its own, and which operation stands for which."""

    wire: Wire
    group: str
    _operations: dict[str, dict[str, str]] = field(default_factory=dict)

    def open(self) -> None:
        """Make the group that the recording took for granted."""
        path = f"/subscriptions/{self.wire.cloud.subscription}/resourceGroups/{self.group}"
        assert self.wire("PUT", path, {"location": "eastus"}).status_code == 201

    def send(self, exchange: Exchange) -> tuple[Answer, Answer]:
        """Both answers, the recorded one and the live one, in the recording's words."""
        response = self._request(exchange)
        if exchange.method == "GET" and _OPERATION.search(exchange.url) and _ended(exchange.body):
            response = self._settle(exchange, response)
        self._learn(exchange, response)
        headers = {name.lower(): self._in_recorded_words(value) for name, value in response.headers.items()}
        body = _json(self._in_recorded_words(response.text))
        recorded = Answer(exchange.status, exchange.headers, exchange.body)
        return recorded, Answer(response.status_code, headers, body)

    def _request(self, exchange: Exchange) -> requests.Response:
        body = exchange.sent
        if body is not None:
            body = json.loads(self._in_live_words(json.dumps(body)))
        return self.wire(exchange.method, self._live_url(exchange.url), body)

    def _settle(self, exchange: Exchange, response: requests.Response) -> requests.Response:
        """The recording shows the operation's end: so far must the live one have come."""
        began = time.monotonic()
        while response.status_code == 202 or not _ended(_json(response.text)):
            assert time.monotonic() - began < _DEADLINE, f"{exchange.name}: {response.text}"
            time.sleep(0.02)
            response = self._request(exchange)
        return response

    def _live_url(self, url: str) -> str:
        found = _OPERATION.search(url)
        if found is None:
            return self._in_live_words(url)
        known = self._operations.get(found[1], {})
        header = "location" if "monitor" in parse_qs(urlsplit(url).query) else "azure-asyncoperation"
        return known.get(header) or self._in_live_words(url)

    def _learn(self, exchange: Exchange, response: requests.Response) -> None:
        for name in ("azure-asyncoperation", "location"):
            if name in exchange.headers and name in response.headers:
                found = _OPERATION.search(exchange.headers[name])
                assert found is not None, exchange.name
                self._operations.setdefault(found[1], {})[name] = response.headers[name]

    def _in_live_words(self, text: str) -> str:
        text = text.replace(RECORDED_ENDPOINT, self.wire.cloud.endpoint)
        text = text.replace(RECORDED_SUBSCRIPTION, self.wire.cloud.subscription)
        return text.replace(f"resourceGroups/{RECORDED_GROUP}/", f"resourceGroups/{self.group}/")

    def _in_recorded_words(self, text: str) -> str:
        text = text.replace(self.wire.cloud.endpoint, RECORDED_ENDPOINT)
        text = text.replace(self.wire.cloud.subscription, RECORDED_SUBSCRIPTION)
        return text.replace(f"resourceGroups/{self.group}/", f"resourceGroups/{RECORDED_GROUP}/")


def _ended(body: Any) -> bool:
    """Whether this is no status of an operation, or one that says an end."""
    return not (isinstance(body, dict) and body.get("status") == "InProgress")


def _json(text: str) -> Any:
    return json.loads(text) if text else None
