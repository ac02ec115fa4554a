"""The wire: clients as they are published, and what the service says when it refuses."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pypsrp.client import Client
from pypsrp.exceptions import AuthenticationError
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WSManFaultError

from localazure.guests.base import Rule
from localazure.guests.disturbances import Disturbance
from tests.localazure.guests.windows.rooms import PASSWORD, USER, Guest, until

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
WSMAN = r"WSMan:\localhost"


async def off_loop(work: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(work)


@pytest.fixture
async def open_guest(guest: Guest) -> Guest:
    await guest.open()
    return guest


async def test_pywinrm_runs_scripts_and_gets_output_status_and_decoded_errors(open_guest: Guest) -> None:
    assert await open_guest.ps("$PSVersionTable.PSVersion.Major; (Get-Service WinRM).Status") == (
        0,
        "5\nRunning",
        "",
    )
    status, out, err = await open_guest.ps("'before'; Get-Service nothing; 'after'; exit 7")
    assert (status, out) == (7, "before\nafter")
    assert err.startswith("Get-Service : Cannot find any service with service name 'nothing'.")
    assert "NoServiceFoundForGivenName" in err


async def test_errors_of_an_encoded_command_travel_as_clixml(open_guest: Guest) -> None:
    protocol = open_guest.session().protocol

    def run() -> bytes:
        shell = protocol.open_shell()
        command = protocol.run_command(
            shell, "powershell -EncodedCommand dABoAHIAbwB3ACAAJwB4ACcA"
        )  # throw 'x'
        _, err, status = protocol.get_command_output(shell, command)
        assert status == 1
        return err

    assert (await off_loop(run)).startswith(b'#< CLIXML\r\n<Objs Version="1.1.0.1"')


@pytest.mark.parametrize("transport", ["negotiate", "ntlm"])
async def test_pypsrp_speaks_to_it_also_with_encrypted_messages(open_guest: Guest, transport: str) -> None:
    def run() -> Any:
        options: dict[str, Any] = {
            "ssl": True,
            "cert_validation": False,
            "auth": transport,
            "encryption": "always",
        }
        with Client(open_guest.spec.address, username=USER, password=PASSWORD, **options) as client:
            return client.execute_cmd('powershell -Command "6*7"')

    assert await off_loop(run) == ("42\r\n", "", 0)


async def test_a_wrong_password_is_401_for_both_clients(open_guest: Guest) -> None:
    with pytest.raises(InvalidCredentialsError):
        await off_loop(lambda: open_guest.session(password="Wrong-Harbour-7").run_cmd("hostname"))

    def other() -> None:
        with Client(
            open_guest.spec.address,
            username=USER,
            password="no",
            ssl=True,
            cert_validation=False,
            auth="ntlm",
        ) as client:
            client.execute_cmd("hostname")

    with pytest.raises(AuthenticationError):
        await off_loop(other)


async def test_basic_is_refused_until_the_machine_allows_it(open_guest: Guest) -> None:
    with pytest.raises(InvalidCredentialsError):
        await off_loop(lambda: open_guest.session(transport="basic").run_cmd("hostname"))
    await open_guest.out(rf"Set-Item {WSMAN}\Service\Auth\Basic -Value $true")
    answer = await off_loop(lambda: open_guest.session(transport="basic").run_cmd("hostname"))
    assert answer.std_out == b"WIN01\r\n"


async def test_a_client_without_channel_binding_passes_unless_it_is_strict(open_guest: Guest) -> None:
    blind = lambda: open_guest.session(send_cbt=False).run_cmd("hostname").status_code  # noqa: E731 - twice
    assert await off_loop(blind) == 0
    await open_guest.out(rf"Set-Item {WSMAN}\Service\Auth\CbtHardeningLevel -Value Strict")
    with pytest.raises(InvalidCredentialsError):
        await off_loop(blind)
    assert (await open_guest.ps("'bound'"))[1] == "bound"


async def test_the_binding_of_another_channel_is_refused(
    open_guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests_ntlm.requests_ntlm as ntlm

    wrong = hashlib.sha256(b"a tunnel's certificate").digest()
    monkeypatch.setattr(ntlm, "_get_certificate_hash", lambda der: wrong)
    with pytest.raises(InvalidCredentialsError):
        await off_loop(lambda: open_guest.session().run_cmd("hostname"))


async def test_the_certificate_is_the_one_that_the_guest_made(guest: Guest) -> None:
    der = await guest.open()
    pem = await off_loop(lambda: ssl.get_server_certificate((guest.spec.address, 5986)))
    assert ssl.PEM_cert_to_DER_cert(pem) == der


async def test_a_local_administrator_but_the_first_is_filtered_until_the_policy_says_otherwise(
    open_guest: Guest,
) -> None:
    await open_guest.out(
        "$p = ConvertTo-SecureString 'Other-Pass-22' -AsPlainText -Force; New-LocalUser second -Password $p | Out-Null; "
        "Add-LocalGroupMember -SID S-1-5-32-544 -Member second"
    )
    second = lambda: open_guest.session(user="second", password="Other-Pass-22").run_cmd("whoami").std_out  # noqa: E731
    with pytest.raises(WSManFaultError, match="Access is denied"):
        await off_loop(second)
    await open_guest.out(
        r"Set-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System LocalAccountTokenFilterPolicy 1 -Type DWord"
    )
    assert await off_loop(second) == b"win01\\second\r\n"


async def test_one_shell_too_many_is_a_fault_of_quota(open_guest: Guest) -> None:
    await open_guest.out(rf"Set-Item {WSMAN}\Shell\MaxShellsPerUser -Value 2")

    def run() -> None:
        protocol = open_guest.session().protocol
        shells = [protocol.open_shell(), protocol.open_shell()]
        with pytest.raises(WSManFaultError, match="maximum number of 2 concurrent shells") as caught:
            protocol.open_shell()
        assert (caught.value.code, caught.value.fault_subcode) == (500, "w:QuotaLimit")
        protocol.close_shell(shells[0])
        protocol.open_shell()

    await off_loop(run)


async def test_receive_says_timed_out_until_there_is_output(open_guest: Guest) -> None:
    def run() -> tuple[int, bytes]:
        protocol = open_guest.session(operation_timeout_sec=1).protocol
        shell = protocol.open_shell()
        command = protocol.run_command(shell, 'powershell -Command "[Console]::In.ReadLine()"')
        timeouts = 0
        while timeouts < 2:
            try:
                protocol.get_command_output_raw(shell, command)
            except WinRMOperationTimeoutError:
                timeouts += 1
        protocol.send_command_input(shell, command, b"typed\r\n", end=True)
        return timeouts, protocol.get_command_output(shell, command)[0]

    assert await off_loop(run) == (2, b"typed\r\n")


async def test_a_shell_that_is_closed_takes_its_processes_with_it_and_is_not_found_again(
    open_guest: Guest,
) -> None:
    def run() -> None:
        protocol = open_guest.session().protocol
        shell = protocol.open_shell()
        protocol.run_command(shell, "powershell -Command Start-Sleep 100000")
        protocol.close_shell(shell)
        with pytest.raises(WSManFaultError, match="was not found on the server"):
            protocol.run_command(shell, "hostname")

    await off_loop(run)
    await until(lambda: not open_guest.machine.processes.named("powershell"), 10, "its end")


async def test_a_command_that_is_terminated_ends_and_the_shell_goes_on(open_guest: Guest) -> None:
    def run() -> bytes:
        protocol = open_guest.session().protocol
        shell = protocol.open_shell()
        hanging = protocol.run_command(shell, "powershell -Command Start-Sleep 100000")
        protocol.cleanup_command(shell, hanging)
        command = protocol.run_command(shell, "hostname")
        out: bytes = protocol.get_command_output(shell, command)[0]
        return out

    assert await off_loop(run) == b"WIN01\r\n"


async def test_a_connection_that_is_cut_at_an_answer_is_no_dead_machine(open_guest: Guest) -> None:
    await open_guest.host.disturb(open_guest.spec.machine_id, Disturbance("cut", connection=3))
    with pytest.raises(requests.ConnectionError):
        await off_loop(lambda: open_guest.session().run_cmd("hostname"))
    assert (await open_guest.ps("'there'"))[1] == "there"


async def test_a_restart_cuts_the_connections_and_the_boot_time_is_a_new_one(open_guest: Guest) -> None:
    boot = "(Get-CimInstance Win32_OperatingSystem).LastBootUpTime.ToString('o')"
    before = await open_guest.out(boot)
    await open_guest.ps("shutdown.exe /r /t 400")
    await until(lambda: not open_guest.machine.up.is_set(), 60, "going down")
    await until(lambda: open_guest.machine.up.is_set() and open_guest.listens, 60, "coming back")
    assert await open_guest.out(boot) > before


@pytest.mark.parametrize(
    "closing",
    [
        "Stop-Service WinRM -Force",
        "Remove-NetFirewallRule -Name winrm-https",
        rf"Get-ChildItem {WSMAN}\Listener | Remove-Item -Recurse -Force",
    ],
)
async def test_without_service_rule_or_listener_nothing_listens(open_guest: Guest, closing: str) -> None:
    await open_guest.out(closing)
    await until(lambda: not open_guest.listens, 30, closing)


async def test_the_security_group_decides_before_the_machine(guest: Guest) -> None:
    await guest.open()
    await guest.host.set_inbound(guest.spec.machine_id, [Rule("none", 100, "Deny")])
    with pytest.raises((requests.ConnectionError, OSError)):
        await off_loop(lambda: guest.session().run_cmd("hostname"))


async def test_an_envelope_larger_than_the_quota_and_a_body_that_is_none_are_faults(
    open_guest: Guest,
) -> None:
    def run() -> None:
        protocol = open_guest.session().protocol
        shell = protocol.open_shell()
        with pytest.raises(WSManFaultError, match="MaxEnvelopeSize"):
            protocol.send_command_input(shell, "x", b"a" * 600_000)

    await off_loop(run)


async def test_identify_answers_without_a_login(open_guest: Guest) -> None:
    body = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>'
    )

    def run() -> requests.Response:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return requests.post(
                f"https://{open_guest.spec.address}:5986/wsman",
                data=body,
                headers={"WSMANIDENTIFY": "unauthenticated"},
                verify=False,
                timeout=5,
            )

    answer = await off_loop(run)
    assert answer.status_code == 200
    assert "OS: 10.0.20348 SP: 0.0 Stack: 3.0" in answer.text


async def test_what_is_not_modelled_is_said_by_name_and_remembered(open_guest: Guest) -> None:
    status, out, err = await open_guest.ps("try { Get-ADUser bob } catch { 'caught' }; 'on'")
    assert (status, out) == (1, "")
    assert "is not recognized as the name of a cmdlet" in err
    assert "the model does not know the command 'Get-ADUser'" in err
    assert open_guest.machine.unknown == ["the command 'Get-ADUser'"]


async def test_powershells_own_protocol_is_refused_with_a_reason(open_guest: Guest) -> None:
    def run() -> None:
        with Client(
            open_guest.spec.address,
            username=USER,
            password=PASSWORD,
            ssl=True,
            cert_validation=False,
            auth="ntlm",
        ) as client:
            client.execute_ps("1")

    with pytest.raises(Exception, match="only the shell of commands is modelled"):
        await off_loop(run)
