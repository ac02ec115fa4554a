"""Opening and closing a guest: what is sent, what is believed."""

import base64
import json
import ssl
from typing import Any

import pytest
from pydantic import SecretStr

from factory.errors import ConnectionLost
from factory.guest.command import Command, Output
from factory.windows.bootstrap import BootstrapError, Closing, WayIn, close, opening, parse_opening
from tests.factory.remote.wsman_server import make_identity

PEM = make_identity().certificate
ANSWER: dict[str, Any] = {
    "user": "gf1a2bbuild",
    "computer": "WIN-APP",
    "thumbprint": "AA11",
    "certificate": base64.b64encode(ssl.PEM_cert_to_DER_cert(PEM)).decode(),
    "port": 5986,
    "own_listener": True,
    "before": {"service": "Automatic", "binding": "Relaxed", "filter": ""},
}
GONE = {"tasks": [], "users": [], "profiles": [], "folder": False, "certificates": [], "handlers": []}


def parsed(**changes: Any) -> WayIn:
    text = "VERBOSE: something\n" + json.dumps({**ANSWER, **changes})
    return parse_opening("build", text, temporary=True, folder="C:\\ProgramData\\golden-1")


def test_the_password_is_a_protected_parameter_and_nowhere_else() -> None:
    made = opening("gf1a2bbuild", SecretStr("s3cret"), temporary=True)
    assert made.protected == {"AdminPassword": "s3cret"}
    assert "s3cret" not in made.script + str(made.parameters)


def test_the_certificate_comes_back_as_the_pin() -> None:
    way_in = parsed()
    assert way_in.pin.pem == PEM
    assert way_in.pin.fingerprint == parsed().pin.fingerprint
    assert way_in.before["binding"] == "Relaxed"


@pytest.mark.parametrize("changes", [{"certificate": "AAAA"}, {"certificate": None}, {"port": "x"}])
def test_half_an_answer_is_an_error(changes: dict[str, Any]) -> None:
    with pytest.raises(BootstrapError, match="WinRM was not opened"):
        parsed(**changes)


def test_no_answer_is_an_error() -> None:
    with pytest.raises(BootstrapError):
        parse_opening("build", "", temporary=True, folder="C:\\x")


class Last:
    """A guest that is closed by its own last command."""

    name = "gf1a2bbuild@127.0.0.1:1"

    def __init__(self, output: Output | None) -> None:
        self.output, self.asked = output, [Command("")]

    async def run(self, command: Command) -> Output:
        self.asked.append(command)
        if self.output is None:
            raise ConnectionLost(self.name, str(command), "reset")
        return self.output

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        raise AssertionError


async def test_a_way_in_that_is_gone_leaves_nothing_to_find() -> None:
    guest = Last(Output(0, json.dumps(GONE)))
    closing = await close(guest, parsed(port=1))
    assert closing.findings() == []
    assert "-RemoveAdmin 'yes'" in str(guest.asked[-1])


async def test_what_is_left_is_told_each_in_a_sentence() -> None:
    left = {key: True if key == "folder" else ["x"] for key in GONE}
    closing = await close(Last(Output(0, json.dumps(left))), parsed(port=1))
    assert len(closing.findings()) == len(GONE)


async def test_an_answer_that_never_came_is_no_evidence() -> None:
    with pytest.raises(BootstrapError, match="not known whether the way in was removed"):
        await close(Last(None), parsed(port=1))


def test_an_open_port_is_a_finding() -> None:
    assert Closing(port_open=True).findings() == ["the WinRM listener still answers"]
