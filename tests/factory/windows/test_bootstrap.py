"""Opening and closing a guest: what is sent, what is believed."""

import base64
import json
import ssl
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from factory.errors import ConnectionLost
from factory.guest.command import Command, Output
from factory.windows.bootstrap import (
    CLOSING_SECONDS,
    FINISH,
    BootstrapError,
    Closing,
    WayIn,
    close,
    look_from_outside,
    opening,
    parse_opening,
    password_of,
)
from factory.windows.sealed import Seal
from tests.factory.remote.wsman_server import make_identity
from tests.factory.windows.test_sysprep_run import FakeClock

PEM = make_identity().certificate
SEAL = Seal.make()
ANSWER: dict[str, Any] = {
    "user": "gf1a2bbuild",
    "computer": "WIN-APP",
    "thumbprint": "AA11",
    "certificate": base64.b64encode(ssl.PEM_cert_to_DER_cert(PEM)).decode(),
    "port": 5986,
    "own_listener": True,
    "before": {"service": "Automatic", "binding": "Relaxed", "filter": ""},
}
GONE = {"tasks": [], "folder": False, "handlers": []}


def parsed(**changes: Any) -> WayIn:
    text = "VERBOSE: something\n" + json.dumps({**ANSWER, **changes})
    return parse_opening("build", text, temporary=True, folder="C:\\ProgramData\\golden-1")


def sealed(password: str) -> str:
    """As the guest does it, with what it was given."""
    numbers = SEAL.private.public_key().public_numbers()
    key = rsa.RSAPublicNumbers(numbers.e, numbers.n).public_key()
    sha1 = hashes.SHA1()
    return base64.b64encode(
        key.encrypt(password.encode(), padding.OAEP(padding.MGF1(sha1), sha1, None))
    ).decode()


def test_the_guest_gets_a_public_key_and_its_password_can_be_read_by_this_run_alone() -> None:
    made = opening("gf1a2bbuild", SEAL)
    assert b"<RSAKeyValue>" in base64.b64decode(made.parameters["SealKey"])
    told = json.dumps({**ANSWER, "password": sealed("s3cret")})
    assert "s3cret" not in told
    assert password_of("build", told, SEAL).get_secret_value() == "s3cret"
    with pytest.raises(BootstrapError, match="no password that this run can read"):
        password_of("build", told, Seal.make())


@pytest.mark.parametrize(
    "told", ["", "{}", '{"password": null}', '{"password": "AAAA"}', '{"password": "?"}']
)
def test_a_password_that_is_not_there_is_an_error(told: str) -> None:
    with pytest.raises(BootstrapError):
        password_of("build", told, SEAL)


def test_no_administrator_is_made_where_azure_made_him() -> None:
    assert opening("verifier", None).parameters["SealKey"] == "none"


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

    name = "gf1a2bbuild@127.0.0.1:5986"

    def __init__(self, answer: dict[str, Any], *, breaks: bool = False) -> None:
        self.answer, self.breaks = answer, breaks
        self.asked: list[str] = []
        self.files: list[str] = []

    async def run(self, command: Command) -> Output:
        self.asked.append(str(command))
        if self.breaks and "start_task" in str(command):
            raise ConnectionLost(self.name, str(command), "reset")
        return Output(0, json.dumps(self.answer))

    async def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        self.files.append(path)


async def gone() -> bool:
    return True


async def closed(guest: Last) -> Closing:
    return await look_from_outside(await close(guest, parsed()), gone)


async def never() -> bool:
    return False


async def test_a_way_in_that_is_gone_leaves_nothing_to_find() -> None:
    guest = Last(GONE)
    assert (await closed(guest)).findings() == []
    assert "-RemoveAdmin yes" in guest.asked[-1]
    assert guest.files == [FINISH]


async def test_a_task_that_is_quicker_than_its_answer_is_expected() -> None:
    assert (await closed(Last(GONE, breaks=True))).findings() == []


async def test_what_is_left_is_told_each_in_a_sentence() -> None:
    left = {key: True if key == "folder" else ["x"] for key in GONE}
    assert len((await closed(Last(left))).findings()) == len(GONE)


async def test_a_way_in_that_stays_is_a_finding_after_its_time() -> None:
    clock = FakeClock()
    closing = await look_from_outside(await close(Last(GONE), parsed()), never, clock)
    (finding,) = closing.findings()
    assert "WinRM still answers" in finding
    assert clock.passed == CLOSING_SECONDS


async def test_what_was_before_is_put_back() -> None:
    guest = Last(GONE)
    await close(guest, parsed(before={"service": "Disabled", "binding": "None", "filter": "1"}))
    assert "-Binding None -Filter 1 -Service Disabled" in guest.asked[-1]
