"""The instance metadata service at 169.254.169.254."""

from __future__ import annotations

import json
import re
from typing import Any

from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.http import Request, Response, json_response
from localazure.guests.fabric.journal import Journal

_SUBNET_PREFIX = "24"
API_VERSIONS = (
    "2017-08-01",
    "2018-02-01",
    "2019-06-01",
    "2020-09-01",
    "2021-02-01",
    "2021-08-01",
    "2023-07-01",
)
# What each of Azure's versions added to `compute`: an agent that asks for an older one warns of the newer.
_SINCE = {
    "vmScaleSetName": "2017-12-01",
    "zone": "2017-12-01",
    "plan": "2018-04-02",
    "publicKeys": "2018-04-02",
    "azEnvironment": "2018-10-01",
    "provider": "2018-10-01",
    "customData": "2019-02-01",
    "resourceId": "2019-03-11",
    "storageProfile": "2019-06-01",
    "tagsList": "2019-06-04",
    "isHostCompatibilityLayerVm": "2020-06-01",
    "securityProfile": "2020-06-01",
    "osProfile": "2020-07-15",
    "licenseType": "2020-09-01",
    "evictionPolicy": "2020-12-01",
    "priority": "2020-12-01",
    "userData": "2021-01-01",
    "extendedLocation": "2021-03-01",
    "host": "2021-11-15",
}
_WELL_FORMED = re.compile(r"\d{4}-\d{2}-\d{2}$")


class MetadataService:
    """Answers what the machine may know of itself; a request without `Metadata: true` is refused."""

    def __init__(self, facts: Facts, journal: Journal) -> None:
        self._facts, self._journal = facts, journal

    def __call__(self, request: Request) -> Response:
        """Answer one request and record it."""
        response = self._answer(request)
        self._journal.request("metadata", request.method, request.target, response.status)
        return response

    def _answer(self, request: Request) -> Response:
        if request.method != "GET":
            return _error(405, "Method not allowed")
        if request.headers.get("metadata", "").lower() != "true":
            return _error(400, "Bad request. Required metadata header not specified")
        if request.path == "/metadata/versions":
            return json_response(200, json.dumps({"apiVersions": API_VERSIONS}))
        if not _WELL_FORMED.match(request.query.get("api-version", "")):
            return _error(400, "Bad request. api-version is invalid or was not specified in the request.")
        return self._instance(request)

    def _instance(self, request: Request) -> Response:
        parts = [p for p in request.path.split("/") if p]
        if parts[:2] != ["metadata", "instance"]:
            return _error(404, "Not found")
        node: Any = instance(self._facts, request.query["api-version"])
        for part in parts[2:]:
            node = _step(node, part)
            if node is None:
                return _error(404, "Not found")
        if isinstance(node, dict | list):
            return json_response(200, json.dumps(node))
        if request.query.get("format") != "text":
            return _error(400, "Bad request. Invalid format: leaf nodes are text")
        return Response(200, str(node).encode(), "text/plain; charset=utf-8")


def _step(node: Any, part: str) -> Any:
    if isinstance(node, dict):
        return {k.lower(): v for k, v in node.items()}.get(part.lower())
    if isinstance(node, list) and part.isdigit() and int(part) < len(node):
        return node[int(part)]
    return None


def _error(status: int, text: str) -> Response:
    return json_response(status, json.dumps({"error": text}))


def instance(facts: Facts, version: str) -> dict[str, Any]:
    """Describe the machine: what the ARM side knows of it, completed with what its host knows."""
    compute: dict[str, Any] = {
        "azEnvironment": "AzurePublicCloud",
        "name": facts.name,
        "osType": "Linux",
        "publisher": "",
        "offer": "",
        "sku": "",
        "version": "",
        "provider": "Microsoft.Compute",
        "tagsList": [],
        "customData": "",
        "userData": "",
        "vmScaleSetName": "",
        **facts.metadata,
        "vmId": facts.machine_id,
    }
    network, _, _ = facts.address.rpartition(".")
    interface = {
        "macAddress": facts.mac,
        "ipv4": {
            "ipAddress": [{"privateIpAddress": facts.address, "publicIpAddress": ""}],
            "subnet": [{"address": f"{network}.0", "prefix": _SUBNET_PREFIX}],
        },
        "ipv6": {"ipAddress": []},
    }
    compute = {key: value for key, value in compute.items() if _SINCE.get(key, "") <= version}
    return {"compute": compute, "network": {"interface": [interface]}}
