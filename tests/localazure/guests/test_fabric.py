"""The fabric over HTTP, on loopback ports: what an agent asks, and what is kept of what it says."""

from __future__ import annotations

import base64
import io
import json
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric import service
from localazure.guests.fabric.facts import Facts
from localazure.guests.fabric.journal import AGENT, HEALTH, REQUESTS, Journal, read_report

FACTS = Facts(
    "id-1", "build01", "127.16.0.4", "host01", {"location": "westeurope", "tagsList": [{"name": "a"}]}
)
HEALTH_XML = """<?xml version="1.0" encoding="utf-8"?><Health><GoalStateIncarnation>1</GoalStateIncarnation>
<Container><ContainerId>c</ContainerId><RoleInstanceList><Role><InstanceId>r</InstanceId><Health><State>{}</State>
{}</Health></Role></RoleInstanceList></Container></Health>"""


@dataclass
class Client:
    fabric: service.Fabric
    directory: Path
    ports: dict[tuple[str, int], int]

    def call(
        self, service_at: tuple[str, int], method: str, path: str, body: str | bytes = b"", **headers: str
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.ports[service_at], timeout=5)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wire(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        status, text = self.call(("168.63.129.16", 80), method, path, body, **headers)
        return status, text.decode()

    def host(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, bytes]:
        return self.call(("168.63.129.16", 32526), method, path, body, **headers)

    def metadata(self, path: str, **headers: str) -> tuple[int, Any]:
        status, text = self.call(("169.254.169.254", 80), "GET", path, **headers)
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    ports: dict[tuple[str, int], int] = {}

    def listen(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
        channel = service.listen_here("127.0.0.1", 0, kind)
        ports[(address, port)] = channel.getsockname()[1]
        return channel

    fabric = service.Fabric(FACTS, Journal(tmp_path), listen)
    try:
        yield Client(fabric, tmp_path, ports)
    finally:
        fabric.close()


def test_an_agent_finds_the_protocol_version_that_it_speaks(client: Client) -> None:
    status, text = client.wire("GET", "/?comp=versions")
    assert status == 200 and "<Version>2012-11-30</Version>" in text


def test_new_goals_are_a_new_incarnation(client: Client) -> None:
    assert "<Incarnation>1</Incarnation>" in client.wire("GET", "/machine/?comp=goalstate")[1]

    assert client.fabric.set_extensions([ExtensionGoal("cmd", 1, {"source": {"script": "x"}})]) == 2

    assert "<Incarnation>2</Incarnation>" in client.wire("GET", "/machine/?comp=goalstate")[1]
    config = client.wire("GET", "/machine/c/r?comp=config&type=extensionsConfig&incarnation=2")[1]
    assert 'name="cmd"' in config
    for kind in ("hostingEnvironmentConfig", "sharedConfig"):
        assert client.wire("GET", f"/machine/c/r?comp=config&type={kind}&incarnation=2")[0] == 200


def test_what_the_fabric_does_not_have_is_not_found(client: Client) -> None:
    assert client.wire("GET", "/machine/c/r?comp=config&type=fullConfig")[0] == 404
    assert client.wire("GET", "/whatever")[0] == 404
    assert client.wire("POST", "/whatever?comp=other")[0] == 404
    assert client.host("GET", "/vmSettings")[0] == 404
    assert client.host("GET", "/package/Other.Handler/manifest.xml")[0] == 404
    assert client.host("GET", "/package/Microsoft.CPlat.Core.RunCommandHandlerLinux/9.9.9.zip")[0] == 404
    assert client.host("PUT", "/other")[0] == 404


def test_certificates_need_the_agents_own_to_be_sealed_to(client: Client) -> None:
    assert client.wire("GET", "/machine/c/r?comp=certificates")[0] == 400


def test_the_first_ready_decides_whatever_was_said_before_or_comes_after(client: Client) -> None:
    detail = "<Details><SubStatus>Provisioning</SubStatus><Description>Starting</Description></Details>"

    def say(state: str, more: str = "") -> None:
        assert client.wire("POST", "/machine?comp=health", HEALTH_XML.format(state, more))[0] == 200

    assert read_report(client.directory).provisioning is None
    say("NotReady", detail)
    report = read_report(client.directory)
    assert (report.provisioning, report.provisioning_detail) == ("NotReady", "Provisioning: Starting")
    say("Ready")
    say("NotReady", detail)
    assert read_report(client.directory).provisioning == "Ready"


def test_a_health_report_that_is_no_xml_is_refused_and_not_kept(client: Client) -> None:
    assert client.wire("POST", "/machine?comp=health", "<Health>")[0] == 400
    assert not (client.directory / HEALTH).exists()


def test_telemetry_and_health_signals_are_taken_and_every_request_is_recorded(client: Client) -> None:
    assert client.wire("POST", "/machine?comp=telemetrydata", "<x/>")[0] == 200
    assert client.wire("POST", "/HealthService", "{}")[0] == 200
    records = [json.loads(line) for line in (client.directory / REQUESTS).read_text().splitlines()]
    assert [(r["service"], r["method"], r["status"]) for r in records] == [("wire", "POST", 200)] * 2


STATUS = {
    "version": "1.1",
    "aggregateStatus": {
        "guestAgentStatus": {"version": "2.7.3.0", "status": "Ready"},
        "handlerAggregateStatus": [
            {
                "handlerName": "Microsoft.CPlat.Core.RunCommandHandlerLinux",
                "handlerVersion": "1.0.0",
                "status": "Ready",
                "formattedMessage": {"message": "Plugin enabled"},
                "runtimeSettingsStatus": {
                    "sequenceNumber": 2,
                    "extensionName": "cmd",
                    "settingsStatus": {
                        "status": {
                            "name": "cmd",
                            "operation": "Enable",
                            "status": "success",
                            "code": 0,
                            "formattedMessage": {
                                "message": json.dumps(
                                    {"executionState": "Failed", "exitCode": 3, "output": "o"}
                                )
                            },
                        }
                    },
                },
            },
            {"handlerName": "Other", "status": "NotReady", "formattedMessage": {"message": "no download"}},
        ],
    },
    "guestOSInfo": {"osName": "debian", "osVersion": "12", "computerName": "Renamed"},
}


def put_status(client: Client, document: Any = STATUS) -> int:
    content = base64.b64encode(json.dumps(document).encode()).decode()
    return client.host("PUT", "/status", json.dumps({"requestUri": "u", "headers": [], "content": content}))[
        0
    ]


def test_the_agents_status_becomes_the_report(client: Client) -> None:
    assert put_status(client) == 200
    report = read_report(client.directory)

    assert (report.agent_version, report.agent_status, report.os_name) == ("2.7.3.0", "Ready", "debian")
    assert report.agent_seen
    command = report.extensions["cmd"]
    assert (command.sequence, command.done, command.exit_code, command.stdout) == (2, True, 3, "o")
    assert command.execution_state == "Failed"
    other = report.extensions["Other"]
    assert (other.done, other.handler_status, other.handler_message) == (False, "NotReady", "no download")


def test_a_status_put_to_the_blob_itself_counts_as_well(client: Client) -> None:
    assert client.host("PUT", "/blob/status", json.dumps(STATUS))[0] == 201
    assert read_report(client.directory).agent_status == "Ready"


def test_a_status_of_an_earlier_boot_says_nothing_about_this_one(client: Client) -> None:
    put_status(client)
    assert read_report(client.directory, boot=1).agent_status == "Ready"
    assert read_report(client.directory, boot=2).agent_status is None


def test_a_status_that_cannot_be_read_is_refused(client: Client) -> None:
    assert client.host("PUT", "/status", "{}")[0] == 400
    assert client.host("PUT", "/blob/status", "no json")[0] == 400
    assert not (client.directory / AGENT).exists()


def test_a_report_cut_short_by_a_crash_is_read_up_to_there(tmp_path: Path) -> None:
    (tmp_path / HEALTH).write_text('{"state": "Ready", "substatus": "", "description": ""}\n{"stat')
    (tmp_path / AGENT).write_text("{")
    assert read_report(tmp_path).provisioning == "Ready"


def test_the_package_is_served_directly_and_through_the_host(client: Client) -> None:
    handler = "Microsoft.CPlat.Core.RunCommandHandlerLinux"
    manifest = client.host("GET", f"/package/{handler}/manifest.xml")[1].decode()
    uri = f"http://168.63.129.16:32526/package/{handler}/1.0.0.zip"
    assert uri in manifest

    direct = client.host("GET", f"/package/{handler}/1.0.0.zip")[1]
    through = client.host("GET", "/extensionArtifact", x_ms_artifact_location=uri)[1]

    assert direct == through
    with zipfile.ZipFile(io.BytesIO(direct)) as package:
        declared = json.loads(package.read("HandlerManifest.json"))[0]["handlerManifest"]
        assert declared["supportsMultipleExtensions"] is True
        commands = [text.split()[0] for name, text in declared.items() if name.endswith("Command")]
        assert len(commands) == 5
        assert set(commands) <= set(package.namelist())
    assert json.loads(client.host("GET", "/versions")[1]) == ["2015-09-01"]
    assert client.host("GET", "/health")[0] == 200


def test_metadata_is_for_the_machine_only(client: Client) -> None:
    path = "/metadata/instance?api-version=2021-08-01"
    assert client.metadata(path)[0] == 400
    assert client.metadata("/metadata/instance", Metadata="true")[0] == 400
    assert client.metadata("/metadata/other?api-version=2021-08-01", Metadata="true")[0] == 404
    assert client.call(("169.254.169.254", 80), "POST", path, Metadata="true")[0] == 405
    assert "2021-08-01" in client.metadata("/metadata/versions", Metadata="true")[1]["apiVersions"]


def test_metadata_shows_what_azure_knows_and_what_the_host_knows(client: Client) -> None:
    def get(path: str, more: str = "") -> Any:
        return client.metadata(f"/metadata/instance{path}?api-version=2021-08-01{more}", Metadata="true")

    status, whole = get("")
    assert status == 200
    assert whole["compute"]["location"] == "westeurope"
    assert whole["compute"]["vmId"] == "id-1"
    card = whole["network"]["interface"][0]
    assert card["ipv4"]["ipAddress"][0]["privateIpAddress"] == "127.16.0.4"
    assert card["macAddress"] == FACTS.mac
    assert get("/compute/vmId", "&format=text") == (200, "id-1")
    assert get("/compute/vmId")[0] == 400
    assert get("/network/interface/0/macAddress", "&format=text") == (200, FACTS.mac)
    assert get("/network/interface/7")[0] == 404
    assert get("/compute/nothing")[0] == 404


def test_metadata_of_an_older_version_holds_nothing_newer(client: Client) -> None:
    def names(version: str) -> set[str]:
        path = f"/metadata/instance/compute?api-version={version}"
        return set(client.metadata(path, Metadata="true")[1])

    old, new = names("2018-02-01"), names("2021-08-01")
    assert new - old == {"azEnvironment", "provider", "customData", "tagsList", "userData"}
    assert "publisher" in old


def _query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return (
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
        + labels
        + b"\0"
        + kind.to_bytes(2, "big")
        + b"\0\1"
    )


def _resolve(client: Client, query: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(5)
        channel.sendto(query, ("127.0.0.1", client.ports[("168.63.129.16", 53)]))
        return channel.recv(512)


def test_a_machine_resolves_its_own_names_and_nothing_else(client: Client) -> None:
    address = socket.inet_aton("127.16.0.4")
    assert _resolve(client, _query("BUILD01")).endswith(address)
    assert _resolve(client, _query("host01.internal.cloudapp.net")).endswith(address)

    unknown = _resolve(client, _query("example.org"))
    assert unknown[3] & 0xF == 3 and unknown[:2] == b"\x12\x34"
    ipv6 = _resolve(client, _query("build01", 28))
    assert (ipv6[3] & 0xF, ipv6[7]) == (0, 0), "the name is there, such an address is not"

    put_status(client)
    assert _resolve(client, _query("renamed")).endswith(address)


def test_a_malformed_query_does_not_silence_the_resolver(client: Client) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        for rubbish in (b"", b"x" * 12, _query("build01")[:15] + b"\xff" * 10):
            channel.sendto(rubbish, ("127.0.0.1", client.ports[("168.63.129.16", 53)]))
    assert _resolve(client, _query("build01"))


def test_an_address_that_is_taken_is_an_error_and_leaks_no_socket() -> None:
    with service.listen_here("127.0.0.1", 0, socket.SOCK_STREAM) as first, pytest.raises(OSError):
        service.listen_here("127.0.0.1", first.getsockname()[1], socket.SOCK_STREAM)
