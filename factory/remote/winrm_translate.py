"""What pywinrm and requests say in many errors, said in one of ours."""

import hashlib
import socket
import ssl

import requests

from factory.errors import GuestError, Unreachable
from factory.remote.pinning import is_expired
from factory.remote.winrm_errors import (
    CertificateExpired,
    CertificateMismatch,
    ShellQuota,
    WinRmConnectionLost,
    WinRmFault,
    login_refused,
    no_administrator,
    of_delegation,
)
from factory.remote.winrm_login import KNOCK_SECONDS, WinRmLogin, is_open

_ACCESS_DENIED = 5
_NO_SUCH_SHELL = 2150858843
_FORBIDDEN = 403
_QUOTA = ("quota", "maximum number of")


def translate(error: Exception, login: WinRmLogin, what: str) -> GuestError:
    """One clear error for whatever a call ended in."""
    from winrm.exceptions import (  # noqa: PLC0415 - Linux images need none of it
        InvalidCredentialsError,
        WinRMTransportError,
        WSManFaultError,
    )

    if isinstance(error, InvalidCredentialsError):
        return login_refused(login.name, login.user, login.auth)
    if isinstance(error, requests.exceptions.SSLError):
        return _of_handshake(error, login)
    if login.auth == "credssp" and type(error).__module__.startswith("requests_credssp"):
        return of_delegation(login.name, login.user, str(error))
    if isinstance(error, WSManFaultError):
        return _of_fault(error.wsman_fault_code, str(error.reason), login, what)
    if isinstance(error, WinRMTransportError):
        return _of_status(error.code, login, what)
    alive = is_open(login.host, login.port)
    return WinRmConnectionLost(login.name, what, f"{type(error).__name__}: {error}"[:200], alive=alive)


def _of_status(code: int, login: WinRmLogin, what: str) -> GuestError:
    if login.auth == "certificate" and code == _FORBIDDEN:
        return login_refused(login.name, login.user, login.auth)
    return WinRmFault(login.name, what, code, f"HTTP status {code}")


def _of_handshake(error: Exception, login: WinRmLogin) -> GuestError:
    if is_expired(error):
        return CertificateExpired(login.name, login.pin.expires.isoformat())
    found = _shown(login)
    if found == login.pin.fingerprint and login.auth == "certificate":
        return login_refused(login.name, login.user, login.auth)
    if found == login.pin.fingerprint:
        return Unreachable(login.name, f"no TLS session: {str(error)[:200]}")
    return CertificateMismatch(login.name, login.pin.fingerprint, found)


def _of_fault(code: int | None, reason: str, login: WinRmLogin, what: str) -> GuestError:
    if any(word in reason.casefold() for word in _QUOTA):
        return ShellQuota(login.name, reason.strip())
    if code == _ACCESS_DENIED:
        return no_administrator(login.name, login.user, reason.strip())
    if code == _NO_SUCH_SHELL:  # after a restart that was over before we asked again
        return WinRmConnectionLost(login.name, what, "its shell is not there any more", alive=True)
    return WinRmFault(login.name, what, code, reason.strip())


def _shown(login: WinRmLogin) -> str | None:
    """The fingerprint that the other side shows, for the error's text alone; nothing is sent to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((login.host, login.port), timeout=KNOCK_SECONDS) as plain,
            context.wrap_socket(plain) as wrapped,
        ):
            shown = wrapped.getpeercert(binary_form=True)
    except OSError:
        return None
    return hashlib.sha256(shown).hexdigest() if shown else None
