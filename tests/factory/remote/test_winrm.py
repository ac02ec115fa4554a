"""The door to Windows guests, over a real TLS connection to a service that plays what it is told."""

import base64
import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from factory.errors import (
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    InvalidInput,
    LoginRefused,
    NotConfigured,
)
from factory.guest.command import sh
from factory.guest.powershell import ps
from factory.remote.pinning import Pin
from factory.remote.winrm import LARGEST_FILE, PowerShellGuest, try_login
from factory.remote.winrm_errors import (
    CertificateExpired,
    CertificateMismatch,
    ShellQuota,
    WinRmConnectionLost,
    WinRmFault,
)
from factory.remote.winrm_login import WinRmLogin
from tests.factory.remote.wsman_server import (
    PASSWORD,
    USER,
    Identity,
    Ran,
    Served,
    Service,
    make_identity,
    serve,
)

QUOTA = "This user is allowed a maximum number of 30 shells."


@pytest.fixture(scope="module")
def identity() -> Identity:
    return make_identity()


@pytest.fixture
def served(identity: Identity, tmp_path: Path) -> Iterator[Served]:
    with serve(identity, Service(), tmp_path) as running:
        yield running


def login_to(served: Served, pem: str, *, password: str = PASSWORD, deadline: float = 30) -> WinRmLogin:
    return WinRmLogin(
        host="127.0.0.1",
        user=USER,
        password=SecretStr(password),
        pin=Pin(pem),
        port=served.port,
        auth="basic",
        deadline=deadline,
        login_grace=0,
    )


def echo(ran: Ran) -> tuple[bytes, bytes, int]:
    return ran.text.encode(), b"", 0


async def test_a_script_runs_with_its_parameters_and_its_output_comes_back(
    served: Served, identity: Identity
) -> None:
    served.service.reply = lambda _ran: (b"one\r\ntwo\r\n", b"", 3)
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        output = await guest.run(ps("hello", "param($Name) 'x'", {"Name": "it's"}))
    assert (output.status, output.stdout) == (3, "one\ntwo\n")
    assert "-Name 'it''s'" in served.service.ran[0].text
    assert served.service.shells_open == 0
    assert served.service.ran[0].ended


async def test_another_certificate_is_refused_and_nothing_is_sent_to_it(served: Served) -> None:
    other = make_identity()
    with pytest.raises(CertificateMismatch) as caught:
        async with PowerShellGuest(login_to(served, other.certificate, deadline=30)):
            pass
    assert served.service.requests == 0
    assert caught.value.expected == Pin(other.certificate).fingerprint
    assert PASSWORD not in str(caught.value)


async def test_a_certificate_that_has_ended_is_told_as_such(tmp_path: Path) -> None:
    old = make_identity(days=-1)
    with serve(old, Service(), tmp_path) as served, pytest.raises(CertificateExpired):
        async with PowerShellGuest(login_to(served, old.certificate, deadline=30)):
            pass
    assert served.service.requests == 0


async def test_a_wrong_password_is_refused_without_telling_it(served: Served, identity: Identity) -> None:
    login = login_to(served, identity.certificate, password="wrong horse")
    with pytest.raises(LoginRefused, match="refuses the password") as caught:
        async with PowerShellGuest(login):
            pass
    assert "wrong horse" not in f"{caught.value!r} {caught.value} {login!r}"
    assert await try_login(login) is False
    assert await try_login(login_to(served, identity.certificate)) is True


async def test_no_service_is_told_from_a_machine_that_does_not_answer(identity: Identity) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        login = WinRmLogin(
            "127.0.0.1", USER, SecretStr(PASSWORD), Pin(identity.certificate), port, deadline=0
        )
        with pytest.raises(DeadlineExceeded, match="WinRM is off") as caught:
            async with PowerShellGuest(login):
                pass
    assert isinstance(caught.value.__cause__, ConnectionRefused)


async def test_http_is_refused_before_anything_is_sent(served: Served, identity: Identity) -> None:
    from dataclasses import replace

    login = replace(login_to(served, identity.certificate), scheme="http")
    with pytest.raises(InvalidInput, match="over http is refused, with basic"):
        async with PowerShellGuest(login):
            pass
    assert served.service.requests == 0


@pytest.mark.parametrize("auth", ["kerberos", "credssp"])
async def test_a_missing_module_is_one_clear_error(
    served: Served, identity: Identity, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from winrm import transport

    monkeypatch.setattr(transport, f"HAVE_{auth.upper()}", False)
    login = replace(login_to(served, identity.certificate), auth=auth)  # type: ignore[arg-type]
    with pytest.raises(NotConfigured, match=f"pywinrm\\[{auth}\\]"):
        async with PowerShellGuest(login):
            pass


async def test_a_shell_quota_is_told_as_such(served: Served, identity: Identity) -> None:
    served.service.fault = (2150859174, QUOTA)
    with pytest.raises(ShellQuota, match="maximum number of 30 shells"):
        async with PowerShellGuest(login_to(served, identity.certificate)):
            pass


async def test_any_other_fault_keeps_its_code(served: Served, identity: Identity) -> None:
    served.service.fault = (2150858770, "The client cannot connect.")
    with pytest.raises(WinRmFault) as caught:
        async with PowerShellGuest(login_to(served, identity.certificate)):
            pass
    assert caught.value.code == 2150858770


async def test_nothing_yet_is_asked_again(served: Served, identity: Identity) -> None:
    served.service.quiet_receives = 5
    served.service.reply = lambda _ran: (b"at last", b"", 0)
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        assert (await guest.run(ps("slow", "x"))).stdout == "at last"


async def test_a_hang_ends_at_the_deadline_and_the_guest_is_told(served: Served, identity: Identity) -> None:
    served.service.hang = True
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        with pytest.raises(DeadlineExceeded, match="hanging did not end within"):
            await guest.run(ps("hanging", "x", timeout=0.3))
        with pytest.raises(ConnectionLost):
            await guest.run(ps("next", "x"))
    assert served.service.ran[0].ended


async def test_a_dropped_connection_is_told_as_one_of_a_machine_that_still_answers(
    served: Served, identity: Identity
) -> None:
    served.service.drop = True
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        with pytest.raises(WinRmConnectionLost, match="the machine still answers") as caught:
            await guest.run(ps("cut", "x"))
    assert caught.value.alive
    assert caught.value.transient


async def test_a_shell_that_is_gone_is_told_as_a_connection_that_was_lost(
    served: Served, identity: Identity
) -> None:
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        served.service.fault = (2150858843, "The shell was not found on the server.")
        with pytest.raises(WinRmConnectionLost, match="its shell is not there any more") as caught:
            await guest.run(ps("restarting", "x"))
    assert caught.value.alive


async def test_a_dead_machine_is_told_as_one_that_does_not_answer_any_more(
    served: Served, identity: Identity
) -> None:
    def die(_ran: Ran) -> tuple[bytes, bytes, int]:
        served.go_deaf()
        raise ConnectionError

    served.service.reply = die
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        with pytest.raises(WinRmConnectionLost, match="does not answer any more") as dead:
            await guest.run(ps("dying", "x"))
    assert not dead.value.alive


async def test_errors_come_as_text_not_as_clixml(served: Served, identity: Identity) -> None:
    clixml = (
        '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
        '<Obj S="progress" RefId="0"><MS><S N="x">Preparing modules</S></MS></Obj>'
        '<S S="Error">Access is denied._x000D__x000A_</S>'
        '<S S="Error">    + CategoryInfo_x000D__x000A_</S></Objs>'
    )
    served.service.reply = lambda _ran: (b"", clixml.encode(), 1)
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        output = await guest.run(ps("denied", "x"))
    assert output.stderr == "Access is denied."
    assert "CLIXML" not in output.stderr


async def test_a_long_script_is_uploaded_once_checked_by_hash_and_run_from_its_file(
    served: Served, identity: Identity
) -> None:
    script = "'long'\n" + "# " + "x" * 20000
    async with PowerShellGuest(login_to(served, identity.certificate), folder="C:\\ProgramData\\g") as guest:
        for _ in range(2):
            await guest.run(ps("big", script, {"A": 1}))
    folder, upload, first, second = served.service.ran
    assert "icacls" in folder.text
    content = base64.b64decode(upload.stdin)
    assert content.decode("utf-8-sig") == script
    assert hashlib.sha256(content).hexdigest().upper() in upload.text
    assert upload.input_ended
    assert "& 'C:\\ProgramData\\g\\big-" in first.text
    assert first.text == second.text
    assert all(len(ran.line) <= 8191 for ran in served.service.ran)


async def test_what_did_not_arrive_whole_is_an_error(served: Served, identity: Identity) -> None:
    served.service.reply = lambda ran: (
        (b"", b"the file arrived with SHA-256 00", 1) if ran.stdin else (b"", b"", 0)
    )
    async with PowerShellGuest(login_to(served, identity.certificate), folder="C:\\g") as guest:
        with pytest.raises(Exception, match="arrived with SHA-256"):
            await guest.put("C:\\x.bin", b"content")
        with pytest.raises(InvalidInput, match="too many for WinRM"):
            await guest.put("C:\\x.bin", b"x" * (LARGEST_FILE + 1))


async def test_a_secret_goes_by_standard_input_and_is_in_no_command_line(
    served: Served, identity: Identity
) -> None:
    command = ps("start", "[Console]::In.ReadLine()", stdin=b"s3cret\n")
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        await guest.run(command)
    assert served.service.ran[0].stdin == b"s3cret\n"
    assert "s3cret" not in served.service.ran[0].text
    assert "s3cret" not in f"{command} {command!r}"


async def test_output_streams_to_whoever_listens(served: Served, identity: Identity) -> None:
    heard: list[str] = []
    served.service.reply = lambda _ran: (b"first\r\nsecond\r\n", b"", 0)
    async with PowerShellGuest(login_to(served, identity.certificate), log=heard.append) as guest:
        await guest.run(ps("talk", "x"))
    assert heard == ["first", "second"]


async def test_a_shell_command_is_not_taken(served: Served, identity: Identity) -> None:
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        with pytest.raises(InvalidInput, match="Windows guest"):
            await guest.run(sh("id"))


async def test_one_connection_carries_a_whole_session(served: Served, identity: Identity) -> None:
    """NTLM proves a password for one connection: on another one the guest knows nobody."""
    async with PowerShellGuest(login_to(served, identity.certificate)) as guest:
        for _ in range(3):
            await guest.run(ps("x", "x"))
    assert served.service.requests > 3
    assert served.service.connections == 1
