"""Protected settings: opened by openssl as the agent and the handler do it."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from localazure.guests.base import ExtensionGoal
from localazure.guests.fabric.certificates import Seal
from localazure.guests.fabric.wireserver import Wanted


def _openssl(*arguments: str | Path, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def test_the_agent_opens_the_pair_and_the_handler_the_settings(tmp_path: Path) -> None:
    key, certificate = tmp_path / "transport.prv", tmp_path / "transport.crt"
    _openssl(
        "req",
        "-x509",
        "-nodes",
        "-subj",
        "/CN=LinuxTransport",
        "-newkey",
        "rsa:2048",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    transport = base64.b64encode(_openssl("x509", "-in", certificate, "-outform", "DER")).decode()
    wanted = Wanted()
    wanted.set([ExtensionGoal("c", 1, {}, {"token": "hunter2"})])
    (sealed,) = wanted.goals

    data = ElementTree.fromstring(wanted.seal.certificates_for(transport)).findtext("Data") or ""
    head = "MIME-Version:1.0\nContent-Type: application/x-pkcs7-mime\nContent-Transfer-Encoding: base64"
    mail = f"{head}\n\n{data}"
    bundle = _openssl("cms", "-decrypt", "-inkey", key, "-recip", certificate, data=mail.encode())
    pem = tmp_path / "pair.pem"
    pem.write_bytes(_openssl("pkcs12", "-nodes", "-password", "pass:", data=bundle))
    settings = _openssl(
        "cms", "-decrypt", "-inform", "DER", "-inkey", pem, data=base64.b64decode(sealed.protected or "")
    )

    assert settings == b'{"token": "hunter2"}'
    fingerprint = _openssl("x509", "-in", pem, "-noout", "-fingerprint", "-sha1").decode().strip()
    assert fingerprint.rpartition("=")[2].replace(":", "") == sealed.thumbprint


def test_no_key_is_made_for_machines_that_are_told_no_secrets() -> None:
    seal = Seal()
    wanted = Wanted(seal)
    wanted.set([ExtensionGoal("c", 1, {"a": 1})])
    assert not wanted.sealed
    assert "_pair" not in vars(seal)
