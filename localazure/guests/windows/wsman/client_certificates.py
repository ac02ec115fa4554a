"""Logins by a client certificate: whom the machine's configuration maps a certificate to.

The machine trusts an issuer (a certificate in its store of roots), has a mapping of the certificate's user
principal name and that issuer to a local account, and keeps the account's password with the mapping: a mapping
does not outlive a change of the password.
"""

from __future__ import annotations

import base64
import fnmatch
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from localazure.guests.windows.machine.machine import Machine
from localazure.guests.windows.machine.users import nt_hash

HEADER = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
_PRINCIPAL = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C


def trust(machine: Machine, der: bytes) -> None:
    """Put a certificate into the store of roots."""
    text = base64.b64encode(der).decode()
    with machine.lock:
        roots: list[str] = machine.document.setdefault("trusted_roots", [])
        if text not in roots:
            roots.append(text)
            machine.changed()
    machine.listeners_changed()


def trusted(machine: Machine) -> list[x509.Certificate]:
    """The certificates whose holders and issuers are believed."""
    found: list[str] = machine.document.get("trusted_roots", [])
    return [x509.load_der_x509_certificate(base64.b64decode(one)) for one in found]


def trusted_pem(machine: Machine) -> str:
    """The same for a TLS context."""
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in trusted(machine))


def add_mapping(machine: Machine, *, subject: str, issuer: str, user: str, password: str) -> None:
    """Let a certificate stand for an account, with the password that it has now."""
    entry = {
        "subject": subject,
        "issuer": issuer.upper().replace(" ", ""),
        "user": user,
        "password_hash": nt_hash(password),
    }
    with machine.lock:
        machine.document["winrm"].setdefault("client_certificates", []).append(entry)
        machine.changed()


def account_of(machine: Machine, der: bytes | None) -> dict[str, Any] | None:
    """The account that a certificate stands for; TLS has proven that the client has its key."""
    if der is None:
        return None
    certificate = x509.load_der_x509_certificate(der)
    issuers = {thumbprint(root) for root in trusted(machine) if _issued(certificate, root)}
    name = principal_of(certificate)
    if not issuers or name is None or not _for_clients(certificate):
        return None
    for entry in machine.document["winrm"].get("client_certificates", ()):
        if entry["issuer"] in issuers and fnmatch.fnmatch(name.lower(), entry["subject"].lower()):
            account = machine.users.get(entry["user"])
            if account is not None and account["password_hash"] == entry["password_hash"]:
                return account
    return None


def thumbprint(certificate: x509.Certificate) -> str:
    """As Windows names certificates."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - Windows names it so


def principal_of(certificate: x509.Certificate) -> str | None:
    """The user principal name in the certificate's alternative names."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    for other in names.get_values_for_type(x509.OtherName):
        if other.type_id == _PRINCIPAL and other.value[:1] == bytes([_UTF8_STRING]):
            return other.value[2:].decode()
    return None


def _issued(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _for_clients(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage
