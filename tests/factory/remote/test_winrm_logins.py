"""Other ways to log in than NTLM, with unmodified pywinrm, to a modelled machine: the pin holds for each."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from pydantic import SecretStr

from factory.errors import LoginRefused
from factory.guest.powershell import ps
from factory.remote.pinning import Pin
from factory.remote.winrm import PowerShellGuest, try_login
from factory.remote.winrm_errors import CertificateMismatch
from factory.remote.winrm_login import Auth, WinRmLogin
from localazure.guests.windows.host import WindowsHost
from tests.factory.remote.wsman_server import make_identity
from tests.localazure.guests.windows.rooms import PASSWORD, USER, Guest, Room

PRINCIPAL = "builder@localhost"
_UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
MAP = r"""
$ErrorActionPreference = 'Stop'
$root = Import-Certificate -FilePath C:\client.cer -CertStoreLocation Cert:\LocalMachine\Root
Set-Item -Path WSMan:\localhost\Service\Auth\Certificate -Value $true
$password = ConvertTo-SecureString -String '%s' -AsPlainText -Force
$login = New-Object -TypeName PSCredential -ArgumentList '%s', $password
$mapping = @{ Subject = '%s'; URI = '*'; Issuer = $root.Thumbprint; Credential = $login }
New-Item -Path WSMan:\localhost\ClientCertificate @mapping -Force | Out-Null
"""


@dataclass(frozen=True)
class ClientKey:
    """A client's certificate and key, in files as pywinrm wants them."""

    certificate: bytes
    files: tuple[str, str]


def client_key(folder: Path, name: str, principal: str = PRINCIPAL) -> ClientKey:
    """A self-signed certificate for a client, with a user principal name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    upn = x509.OtherName(_UPN, bytes([0x0C, len(principal)]) + principal.encode())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([upn]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    paths = (folder / f"{name}.crt", folder / f"{name}.key")
    paths[0].write_bytes(pem)
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return ClientKey(pem, (str(paths[0]), str(paths[1])))


@dataclass(frozen=True)
class Door:
    """A machine with an HTTPS listener, and what is known of it."""

    guest: Guest
    pin: Pin

    def login(self, auth: Auth, **changes: object) -> WinRmLogin:
        known = WinRmLogin(
            host=self.guest.spec.address,
            user=USER,
            password=SecretStr(PASSWORD),
            pin=self.pin,
            auth=auth,
            deadline=5,
            login_grace=0,
        )
        return replace(known, **changes)  # type: ignore[arg-type]  # names of its fields


@pytest.fixture(autouse=True)
def refused_connections() -> Iterator[None]:
    """requests_credssp raises out of a hook, and leaves both ends of its connection to the collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    host = WindowsHost(tmp_path / "state")
    host.pace(0.002)
    try:
        guest = await (await Room(host).boot()).ready()
        yield Door(guest, Pin.of_der(await guest.open()))
    finally:
        await host.shutdown()


async def whoami(login: WinRmLogin) -> str:
    async with PowerShellGuest(login) as guest:
        return (await guest.run(ps("who", "whoami"))).stdout.strip()


async def mapped(door: Door, key: ClientKey) -> WinRmLogin:
    """A login by this certificate, which the machine maps to its administrator."""
    door.guest.machine.files.write_bytes(r"C:\client.cer", key.certificate)
    await door.guest.out(MAP % (PASSWORD, USER, PRINCIPAL))
    await asyncio.sleep(0)
    return door.login("certificate", client_certificate=key.files, password=SecretStr("unused"))


async def test_a_client_certificate_logs_in_whom_it_is_mapped_to(door: Door, tmp_path: Path) -> None:
    assert await whoami(await mapped(door, client_key(tmp_path, "client"))) == rf"win01\{USER}"


async def test_a_client_certificate_that_nobody_trusts_is_refused_in_one_clear_error(
    door: Door, tmp_path: Path
) -> None:
    login = await mapped(door, client_key(tmp_path, "client"))
    other = replace(login, client_certificate=client_key(tmp_path, "other").files)
    with pytest.raises(LoginRefused, match="the client certificate") as caught:
        await whoami(other)
    assert "ClientCertificate" in (caught.value.remedy or "")
    assert await try_login(other) is False


async def test_a_trusted_certificate_of_somebody_else_is_refused(door: Door, tmp_path: Path) -> None:
    stranger = client_key(tmp_path, "stranger", "stranger@localhost")
    with pytest.raises(LoginRefused, match="the client certificate"):
        await whoami(await mapped(door, stranger))


async def test_a_mapping_does_not_outlive_a_change_of_the_password(door: Door, tmp_path: Path) -> None:
    login = await mapped(door, client_key(tmp_path, "client"))
    users = door.guest.machine.users
    account = users.get(USER)
    assert account is not None
    users.set_password(account, "Changed-Harbour-8")
    with pytest.raises(LoginRefused):
        await whoami(login)


async def test_passwords_work_on_beside_certificates(door: Door, tmp_path: Path) -> None:
    await mapped(door, client_key(tmp_path, "client"))
    assert await whoami(door.login("ntlm")) == rf"win01\{USER}"


@pytest.fixture
async def delegating(door: Door) -> Door:
    await door.guest.out("Enable-WSManCredSSP -Role Server -Force | Out-Null")
    return door


async def test_credssp_logs_in_and_hands_the_password_over(delegating: Door) -> None:
    assert await whoami(delegating.login("credssp")) == rf"win01\{USER}"


async def test_a_wrong_password_over_credssp_is_refused_without_telling_it(delegating: Door) -> None:
    login = delegating.login("credssp", password=SecretStr("Wrong-Harbour-7"))
    with pytest.raises(LoginRefused, match="refuses the password") as caught:
        await whoami(login)
    assert "Wrong-Harbour-7" not in f"{caught.value!r}{caught.value}"
    assert await try_login(login) is False


async def test_a_machine_that_does_not_offer_credssp_says_so(door: Door) -> None:
    with pytest.raises(LoginRefused, match="does not offer credssp") as caught:
        await whoami(door.login("credssp"))
    assert "Enable-WSManCredSSP" in (caught.value.remedy or "")


@pytest.mark.parametrize("auth", ["ntlm", "basic", "credssp", "certificate"])
async def test_nothing_is_sent_to_another_certificate_whatever_the_way_in(
    delegating: Door, auth: Auth, tmp_path: Path
) -> None:
    other = Pin(make_identity().certificate)
    key = client_key(tmp_path, "client")
    with pytest.raises(CertificateMismatch):
        await whoami(delegating.login(auth, pin=other, client_certificate=key.files))
