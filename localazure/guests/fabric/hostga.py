"""The host's agent plugin: where the machine's agent leaves its status and fetches packages.

The vmSettings that newer fabrics serve here are refused with 404, the documented sign of a host without them:
the agent then goes by the wire server's extensions configuration alone.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from localazure.guests.fabric import goalstate, runcommand
from localazure.guests.fabric.http import Request, Response, json_response
from localazure.guests.fabric.journal import Journal

API_VERSIONS = '["2015-09-01"]'
_PACKAGES: dict[str, Callable[[], bytes]] = {runcommand.HANDLER.lower(): runcommand.package}


class HostPlugin:
    """Answers on 168.63.129.16:32526."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, request: Request) -> Response:
        """Answer one request and record it."""
        response = self._answer(request)
        self._journal.request("host", request.method, request.target, response.status)
        return response

    def _answer(self, request: Request) -> Response:
        path = request.path
        if request.method == "GET":
            return self._read(path, request)
        if path in ("/status", "/blob/status"):
            return self._status(path, request)
        return Response(200 if path in ("/vmAgentLog", "/health") else 404)

    def _read(self, path: str, request: Request) -> Response:
        if path == "/versions":
            return json_response(200, API_VERSIONS)
        if path == "/health":
            return Response()
        if path == "/extensionArtifact":  # the same packages, asked for through the host
            path = request.headers.get("x-ms-artifact-location", "").removeprefix(
                goalstate.PACKAGES.removesuffix("/package")
            )
        if path.startswith("/package/"):
            return _package(path)
        return Response(404)

    def _status(self, path: str, request: Request) -> Response:
        try:
            self._journal.status(_status_blob(path, request.body))
        except (ValueError, KeyError):
            return Response(400)
        return Response(200 if path == "/status" else 201)


def _status_blob(path: str, body: bytes) -> dict[str, Any]:
    if path == "/blob/status":
        blob: dict[str, Any] = json.loads(body)
        return blob
    wrapped: dict[str, Any] = json.loads(base64.b64decode(json.loads(body)["content"]))
    return wrapped


def _package(path: str) -> Response:
    _, _, handler, file = path.split("/", 3)
    make = _PACKAGES.get(handler.lower())
    if make is None:
        return Response(404)
    if file == "manifest.xml":
        return Response(body=goalstate.extension_manifest(handler, runcommand.VERSION).encode())
    if file == f"{runcommand.VERSION}.zip":
        return Response(body=make(), kind="application/zip")
    return Response(404)
