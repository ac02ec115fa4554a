"""The server as a process: how it starts, how it dies, and what is left."""

from __future__ import annotations

import os
import signal
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from cryptography import x509

from tests.localazure.conftest import LocalCloud, Wire, wire_to

HERE = {"location": "westeurope"}


def group_of(wire: Wire, name: str = "g") -> str:
    path = f"/subscriptions/{wire.cloud.subscription}/resourceGroups/{name}"
    assert wire("PUT", path, HERE).status_code == 201
    return path


def test_a_kill_in_mid_operation_loses_nothing_and_the_operation_ends_under_its_old_url(
    own_cloud: LocalCloud,
) -> None:
    own_cloud.options = ("--scale", "0.3")
    wire = wire_to(own_cloud.start())
    nsg = f"{group_of(wire)}/providers/Microsoft.Network/networkSecurityGroups/n"
    begun = wire("PUT", nsg, HERE)
    assert wire("GET", begun.headers["Azure-AsyncOperation"]).json()["status"] == "InProgress"
    own_cloud.stop(signal.SIGKILL)
    before = dict(own_cloud.facts)

    wire = wire_to(own_cloud.start())
    same = ("endpoint", "tenant", "subscription", "client_id", "ports")
    assert {name: own_cloud.facts[name] for name in same} == {name: before[name] for name in same}
    assert wire.finish(begun)["status"] == "Succeeded"
    shown = wire("GET", nsg).json()
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["properties"]["resourceGuid"] == begun.json()["properties"]["resourceGuid"]


def test_a_groups_deletion_goes_on_after_a_kill(own_cloud: LocalCloud) -> None:
    own_cloud.options = ("--scale", "0.05")
    wire = wire_to(own_cloud.start())
    group = group_of(wire)
    wire.finish(wire("PUT", f"{group}/providers/Microsoft.Network/networkSecurityGroups/n", HERE))
    begun = wire("DELETE", group)
    own_cloud.stop(signal.SIGKILL)

    wire = wire_to(own_cloud.start())
    assert wire("GET", group).json()["properties"]["provisioningState"] == "Deleting"
    assert wire("PUT", group, HERE).json()["error"]["code"] == "ResourceGroupBeingDeleted"
    while (result := wire("GET", begun.headers["Location"])).status_code == 202:
        time.sleep(0.05)
    assert result.status_code == 200
    assert wire("GET", group).status_code == 404
    assert wire("GET", "/_local/status").json()["resources"] == {}


def test_a_second_server_on_the_same_state_is_refused_in_one_line(own_cloud: LocalCloud) -> None:
    own_cloud.start()
    assert own_cloud.process is not None
    command = [
        sys.executable,
        "-m",
        "localazure",
        "serve",
        "--guest",
        "none",
        "--state",
        str(own_cloud.state),
    ]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert second.returncode == 75
    assert second.stderr.strip() == (
        f"localazure: another local Azure (process {own_cloud.process.pid}) already serves {own_cloud.state}"
    )
    assert requests.get(f"{own_cloud.endpoint}/_local/status", verify=own_cloud.ca).status_code == 200


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "request"])
def test_a_polite_end_is_quick_and_takes_the_ready_file_along(own_cloud: LocalCloud, how: str) -> None:
    own_cloud.start()
    assert own_cloud.process is not None
    began = time.monotonic()
    if how == "request":
        answer = requests.post(f"{own_cloud.endpoint}/_local/shutdown", verify=own_cloud.ca)
        assert answer.status_code == 202
    else:
        own_cloud.process.send_signal(signal.Signals[how])
    assert own_cloud.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert not (own_cloud.state / "server.json").exists()


def test_an_open_connection_does_not_keep_the_server_alive(own_cloud: LocalCloud) -> None:
    wire = wire_to(own_cloud.start())
    group_of(wire)
    began = time.monotonic()
    assert own_cloud.stop() == 0
    assert time.monotonic() - began < 6


def test_secrets_are_for_the_owner_alone(own_cloud: LocalCloud) -> None:
    own_cloud.start()
    assert stat.S_IMODE(own_cloud.state.stat().st_mode) == 0o700
    for name in (
        "ca.key",
        "server.key",
        "token.key",
        "client-secret",
        "identity-header",
        "requests.jsonl",
        "state.db",
    ):
        assert stat.S_IMODE((own_cloud.state / name).stat().st_mode) == 0o600, name
    assert own_cloud.secret not in (own_cloud.state / "server.json").read_text()


def test_the_certificate_is_for_loopback_and_the_authority_is_kept(own_cloud: LocalCloud) -> None:
    own_cloud.start()
    first = Path(own_cloud.ca).read_bytes()
    leaf = x509.load_pem_x509_certificate((own_cloud.state / "server.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    for host in ("127.0.0.1", "localhost"):
        url = f"https://{host}:{own_cloud.facts['ports']['https']}/_local/status"
        assert requests.get(url, verify=own_cloud.ca).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{own_cloud.endpoint}/_local/status")
    own_cloud.stop()
    own_cloud.start()
    assert Path(own_cloud.ca).read_bytes() == first
    assert requests.get(f"{own_cloud.endpoint}/_local/status", verify=own_cloud.ca).status_code == 200


def test_an_expiring_certificate_is_renewed_under_the_same_authority(tmp_path: Path) -> None:
    from localazure import tls

    ca, leaf, _ = tls.ensure_certificates(tmp_path)
    before = ca.read_bytes(), leaf.read_bytes()
    assert tls.ensure_certificates(tmp_path)[1].read_bytes() == before[1]
    tls._make_leaf.__globals__["_LEAF"], kept = tls._RENEW / 2, tls._LEAF
    try:
        tls._make_leaf(ca, tmp_path / "ca.key", leaf, tmp_path / "server.key")
    finally:
        tls._make_leaf.__globals__["_LEAF"] = kept
    short = leaf.read_bytes()
    tls.ensure_certificates(tmp_path)
    assert ca.read_bytes() == before[0]
    assert leaf.read_bytes() != short
    context = ssl.create_default_context(cafile=str(ca))
    assert context.cert_store_stats()["x509_ca"] == 1


def test_a_taken_port_is_a_refusal_and_a_forgotten_one_is_replaced(
    own_cloud: LocalCloud, tmp_path: Path
) -> None:
    own_cloud.start()
    port = own_cloud.facts["ports"]["https"]
    command = [sys.executable, "-m", "localazure", "serve", "--guest", "none", "--port", str(port)]
    other = subprocess.run(
        [*command, "--state", str(tmp_path / "other")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert other.returncode == 75
    assert f"port {port} of 127.0.0.1 is taken" in other.stderr


def test_an_unknown_guest_is_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "localazure", "serve", "--guest", "toaster", "--state", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 1
    assert refused.stderr.strip() == "localazure: there is no kind of guest called 'toaster'"


def test_status_counts_resources_by_type(own_cloud: LocalCloud) -> None:
    wire = wire_to(own_cloud.start())
    group = group_of(wire, f"g{uuid4().hex}")
    for name in ("a", "b"):
        wire.finish(wire("PUT", f"{group}/providers/Microsoft.Network/networkSecurityGroups/{name}", HERE))
    status = wire("GET", "/_local/status").json()
    assert status["resources"] == {
        "Microsoft.Network/networkSecurityGroups": 2,
        "Microsoft.Resources/resourceGroups": 1,
    }
    assert status["operations"] == []
    assert wire("GET", "/_local/ps").json() == {"machines": []}


@pytest.mark.parametrize("command", ["missing", "prepare"])
def test_without_machines_nothing_is_missing_and_nothing_to_prepare(tmp_path: Path, command: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "localazure", command, "--guest", "none", "--state", str(tmp_path / "s")],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def lacking(tmp_path: Path, command: str, what: str) -> subprocess.CompletedProcess[str]:
    guest = ["--guest", "tests.localazure.arm.lacking", "--state", str(tmp_path / "s")]
    return subprocess.run(
        [sys.executable, "-m", "localazure", command, *guest],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=os.environ | {"LACKING": what},
    )


def test_a_computer_that_lacks_something_is_told_what_and_how_to_mend_it(tmp_path: Path) -> None:
    line = "no frobnicator: apt install frobnicator"
    assert lacking(tmp_path, "missing", "").stdout == f"{line}\n"
    for command in ("serve", "prepare"):
        refused = lacking(tmp_path, command, "")
        assert (refused.returncode, refused.stderr) == (69, f"localazure: {line}\n")


def test_a_preparation_that_fails_is_one_line_after_its_progress(tmp_path: Path) -> None:
    refused = lacking(tmp_path, "serve", "prepare")
    assert refused.returncode == 69
    assert refused.stderr.splitlines() == [
        '{"progress": "building", "done": 0.5}',
        "localazure: the mirror does not answer",
    ]
    assert not (tmp_path / "s" / "server.json").exists()
